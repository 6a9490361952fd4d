"""Where a recorded function may have read a value: globals, cells, attributes, code and defaults."""

from __future__ import annotations

import functools
import opcode
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy

from vargrad._core import modes, var_py
from vargrad._core.var import Var
from vargrad._vm.machine import HasShortcuts

MISSING = object()  # in place of a value that is not there
PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))
_CODE = FunctionType, CodeType, BuiltinFunctionType, numpy.ufunc
BY_IDENTITY = (Var, var_py.Var, type, ModuleType, HasShortcuts, *_CODE)
Seen = Mapping[CodeType, dict[str, Any]]
_OURS = modes._PACKAGE, os.path.join(os.path.dirname(os.path.abspath(numpy.__file__)), "")
_STANDARD = os.path.join(os.path.dirname(os.path.abspath(os.__file__)), "")
_LOAD_GLOBAL, _LOAD_NAME = opcode.opmap["LOAD_GLOBAL"], opcode.opmap["LOAD_NAME"]
_STORE_GLOBAL, _STORE_DEREF = opcode.opmap["STORE_GLOBAL"], opcode.opmap["STORE_DEREF"]
_STORE_ATTR, _SUBSCRIPTS = opcode.opmap["STORE_ATTR"], {opcode.opmap["STORE_SUBSCR"], opcode.opmap["DELETE_SUBSCR"]}
_CHANGING = {"add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft"}
_CHANGING |= {"remove", "rotate", "setdefault", "update"}  # methods of containers that change them
_ENVIRON = {"environ", "environb", "getenv", "getenvb"}
_MOST = 10_000  # objects that are looked through


@functools.lru_cache(maxsize=1024)
def is_fixed(file: str) -> bool:
    """Whether code of that file is vargrad's, NumPy's or the standard library's: no user changes its globals."""
    if file.startswith((*_OURS, "<frozen", "<formula ")):  # the last are made of the rows of the operation sheet
        return True
    return file.startswith(_STANDARD) and "-packages" not in file[len(_STANDARD) :]


def _is_fixed_module(name: str, module: Any) -> bool:
    file = getattr(module, "__file__", None)
    return is_fixed(file) if isinstance(file, str) else name.partition(".")[0] in sys.stdlib_module_names


def _is_fixed_class(kind: type) -> bool:
    name = kind.__module__
    return name != "__main__" and isinstance(name, str) and _is_fixed_module(name, sys.modules.get(name))


@functools.lru_cache(maxsize=1024)
def global_names(code: CodeType) -> tuple[str, ...]:
    """The names that a code object looks up among its globals."""
    found: dict[str, None] = {}
    high = 0
    for op, low in zip(code.co_code[::2], code.co_code[1::2], strict=True):
        argument = high | low
        high = argument << 8 if op == opcode.EXTENDED_ARG else 0
        if op == _LOAD_GLOBAL:
            found[code.co_names[argument >> 1]] = None
        elif op == _LOAD_NAME:
            found[code.co_names[argument]] = None
    return tuple(found)


@functools.lru_cache(maxsize=1024)
def changes(code: CodeType) -> frozenset[str]:
    """What a code object may change: "name", a global or a variable of an outer function; "attribute"; "element"."""
    ops = set(code.co_code[::2])
    found = set()
    if _STORE_GLOBAL in ops or (_STORE_DEREF in ops and code.co_freevars):
        found.add("name")
    if _STORE_ATTR in ops:
        found.add("attribute")
    if ops & _SUBSCRIPTS or not _CHANGING.isdisjoint(code.co_names):
        found.add("element")
    return frozenset(found)


class Place:
    """Where a value is read: ``get`` reads it, MISSING where there is none.

    ``name`` is for messages; ``within``: a dict and the key in it, a cell and None, or a function and "__code__" or
    which of its defaults, where the place is one of these.
    """

    __slots__ = ("get", "key", "name", "within")

    def __init__(
        self, name: str, key: tuple[Any, ...], get: Callable[[], Any], within: tuple[Any, Any] | None = None
    ) -> None:
        self.name = name
        self.key = key
        self.get = get
        self.within = within


def _in_dict(name: str, names: dict[str, Any], key: str) -> Place:
    get = names.get
    return Place(name, (id(names), key), lambda: get(key, MISSING), (names, key))


def _in_cell(name: str, cell: CellType) -> Place:
    def get() -> Any:
        try:
            return cell.cell_contents
        except ValueError:
            return MISSING

    return Place(name, (id(cell),), get, (cell, None))


def _attribute(owner: Any, name: str, within: tuple[Any, Any] | None = None) -> Place:
    return _computed(f"{owner.__name__}.{name}", (id(owner), name), lambda: getattr(owner, name, MISSING), within)


def _computed(
    name: str, key: tuple[Any, ...], compute: Callable[[], Any], within: tuple[Any, Any] | None = None
) -> Place:
    """A place that is read by code of the user's, which may raise anything."""

    def get() -> Any:
        try:
            return compute()
        except Exception:
            return MISSING

    return Place(name, key, get, within)


def places(roots: Iterable[Any], seen: Seen) -> list[Place]:
    """Everywhere that code which ran, beginning at a function and its object, may have read a value."""
    found: dict[tuple[Any, ...], Place] = {}
    names = {name for code in seen for name in code.co_names}

    def add(place: Place) -> None:
        found.setdefault(place.key, place)

    for code, own in seen.items():
        for name in global_names(code):
            if name in own or name not in _BUILTINS:
                add(_in_dict(name, own, name))
    for x in (*_reached(roots, seen), *[sys.modules[name] for name in names if name in sys.modules]):
        if isinstance(x, FunctionType):
            for name, cell in zip(x.__code__.co_freevars, x.__closure__ or (), strict=True):
                add(_in_cell(name, cell))
            add(_attribute(x, "__code__", (x, "__code__")))  # replaced where an edited module is loaded again
            for what in ("__defaults__", "__kwdefaults__"):
                if getattr(x, what):
                    add(_attribute(x, what, (x, what)))
            if x.__dict__.keys() - {"__wrapped__"}:
                add(_attribute(x, "__dict__"))
        elif isinstance(x, ModuleType):
            if not _is_fixed_module(x.__name__, x):
                for name in names & vars(x).keys():
                    add(_in_dict(f"{x.__name__}.{name}", vars(x), name))
        elif isinstance(x, functools.partial):
            add(_computed("keywords of a partial", (id(x), "keywords"), functools.partial(getattr, x, "keywords")))
        else:
            _add_class(add, x if isinstance(x, type) else type(x), names)
    if not names.isdisjoint(_ENVIRON):
        add(_computed("os.environ", ("os.environ",), lambda: dict(os.environ)))
    return list(found.values())


_BUILTINS = frozenset(vars(__import__("builtins")))


def _add_class(add: Callable[[Place], object], kind: type, names: set[str]) -> None:
    """The data and the functions that a user's class holds for all its objects, and how many there are."""
    for base in kind.__mro__:
        if _is_fixed_class(base):
            continue
        own = vars(base)
        add(_computed(f"attributes of {base.__name__}", (id(base), "len"), lambda own=own: len(own)))  # type: ignore[misc]
        for name in own.keys() & names:
            add(_computed(f"{base.__name__}.{name}", (id(base), name), functools.partial(own.get, name, MISSING)))


def _reached(roots: Iterable[Any], seen: Seen | None) -> Iterator[Any]:
    """Functions whose code ran, and modules, classes and objects of users, as far as they can be found from the
    roots: by wrappers, cells, names, containers and attributes."""
    known, waiting, kept = set[int](), [*roots], []
    while waiting and len(known) < _MOST:
        x = waiting.pop()
        if id(x) in known or isinstance(x, (*PLAIN, Var, var_py.Var, numpy.ndarray)):
            continue
        known.add(id(x))
        kept.append(x)  # so that no other object gets its id
        waiting.extend(_inside(x, seen))
        if not isinstance(x, FunctionType) or _ran(x.__code__, seen):
            yield x


def _ran(code: CodeType, seen: Seen | None) -> bool:
    """Whether the code ran, as far as is known."""
    return not is_fixed(code.co_filename) if seen is None else code in seen


def all_code(function: Any) -> dict[CodeType, dict[str, Any]]:
    """All code that a function can reach, and the code that this has inside."""
    found: dict[CodeType, dict[str, Any]] = {}
    waiting = [(f.__code__, f.__globals__) for f in _reached([function], None) if isinstance(f, FunctionType)]
    while waiting:
        code, names = waiting.pop()
        if code not in found:
            found[code] = names
            waiting += [(inner, names) for inner in code.co_consts if isinstance(inner, CodeType)]
    return found


def _inside(x: Any, seen: Seen | None) -> Iterable[Any]:
    if isinstance(x, FunctionType):
        found = [x.__wrapped__] if hasattr(x, "__wrapped__") else []
        if _ran(x.__code__, seen):
            found += [x.__globals__[name] for name in global_names(x.__code__) if name in x.__globals__]
            found += [v for v in (_in_cell("", cell).get() for cell in x.__closure__ or ()) if v is not MISSING]
            found += [*(x.__defaults__ or ()), *(x.__kwdefaults__ or {}).values()]
        return found
    if isinstance(x, HasShortcuts):
        return [getattr(x, "__wrapped__", None)]
    if isinstance(x, functools.partial):
        return [x.func, *x.args, *x.keywords.values()]
    if isinstance(x, MethodType):
        return [x.__func__, x.__self__]
    if type(x) in (list, tuple, set, frozenset):
        return list(x)
    if type(x) is dict:
        return list(x.values())
    if isinstance(x, ModuleType):
        return [] if _is_fixed_module(x.__name__, x) else [v for v in vars(x).values() if isinstance(v, FunctionType)]
    if isinstance(x, (staticmethod, classmethod)):
        return [x.__func__]
    if isinstance(x, property):
        return [x.fget]
    kind = x if isinstance(x, type) else type(x)
    wrapped = [] if isinstance(x, type) else [*_own(x), *([x.__wrapped__] if hasattr(kind, "__wrapped__") else [])]
    return wrapped if _is_fixed_class(kind) else [*wrapped, *(v for base in kind.__mro__ for v in _functions_of(base))]


def _own(x: Any) -> list[Any]:
    """What an object has under its own names; nothing where asking runs into an error."""
    try:
        own = object.__getattribute__(x, "__dict__")
    except Exception:
        return []
    return list(own.values()) if type(own) is dict else []


def _functions_of(kind: type) -> list[Any]:
    return [] if _is_fixed_class(kind) else list(vars(kind).values())
