"""What recordings read besides their arguments, as digests that another process can compare.

A stored recording holds the numbers that were read while it was made. Where its Python function comes along, or is
found again by its name, these may be others by then: a module's constant, a helper function, the function itself.
"""

from __future__ import annotations

import functools
import hashlib
import pickle
from collections.abc import Iterable, Mapping
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, TypeAlias

import numpy

from vargrad._compile.watch.places import PLAIN, Place
from vargrad._core import var_py
from vargrad._core.var import Var
from vargrad._vm.machine import HasShortcuts

Fingerprint: TypeAlias = dict[str, list[str]]  # for each name the digests of what is found under it, in order
UNKNOWN = ""  # the digest of what no other process can compare: it is equal to none


def fingerprint(function: Any, places: Iterable[Place]) -> Fingerprint:
    """The digests of a function's code and of what these places hold."""
    found = {"": [_digest(function)]}
    for place in places:
        found.setdefault(place.name, []).append(_digest(place.get()))
    return {name: sorted(digests) for name, digests in found.items()}


def is_part(stored: Mapping[str, list[str]], now: Mapping[str, list[str]]) -> bool:
    """Whether all that was stored is found now under the same names; more may be found."""
    return all(
        UNKNOWN not in digests and all(digests.count(one) <= now.get(name, []).count(one) for one in digests)
        for name, digests in stored.items()
    )


def _digest(x: Any) -> str:
    try:
        text = _described(x)
    except Exception:  # the object's own way of pickling may raise anything
        return UNKNOWN
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _described(x: Any) -> str:
    """A text that is the same in each process for what is the same to every program; raises an error for the rest."""
    kind = f"{type(x).__module__}.{type(x).__qualname__}"
    if type(x) in PLAIN:
        return f"{kind} {x!r}"
    if type(x) in (list, tuple):
        return f"{kind} [{', '.join(map(_described, x))}]"
    if type(x) in (set, frozenset):
        return f"{kind} [{', '.join(sorted(map(_described, x)))}]"
    if type(x) is dict:
        return f"{kind} [{', '.join(f'{_described(key)}: {_described(value)}' for key, value in x.items())}]"
    if type(x) is numpy.ndarray and x.dtype != object:
        return f"{kind} {x.dtype.str} {x.shape} {x.tobytes().hex()}"
    if isinstance(x, (Var, var_py.Var)):
        return "vargrad.Var"  # live, not a constant of a recording
    if isinstance(x, HasShortcuts):
        return _described(getattr(x, "__wrapped__", None))
    if isinstance(x, FunctionType):
        return f"{kind} {_code(x.__code__)}"
    if isinstance(x, CodeType):
        return f"{kind} {_code(x)}"
    if isinstance(x, MethodType):
        return f"{kind} {_described(x.__func__)} of {_described(x.__self__)}"
    if isinstance(x, functools.partial):
        return f"{kind} {_described(x.func)} {_described(x.args)} {_described(x.keywords)}"
    if isinstance(x, ModuleType):
        return f"{kind} {x.__name__}"
    if isinstance(x, (type, BuiltinFunctionType, numpy.ufunc)):
        return f"{kind} {getattr(x, '__module__', '')}.{getattr(x, '__qualname__', x.__name__)}"
    call = vars(type(x)).get("__call__")  # what the object does when it is the function itself
    return f"{kind} {pickle.dumps(x, 5).hex()} {_code(call.__code__) if isinstance(call, FunctionType) else ''}"


def _code(code: CodeType) -> str:
    """What a code object does, without the lines on which it is written."""
    constants = [_code(x) if isinstance(x, CodeType) else _described(x) for x in code.co_consts]
    names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    return f"{code.co_code.hex()} {names} {constants}"
