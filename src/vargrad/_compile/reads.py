"""What a recorded function reads besides its arguments, and whether it has changed since.

The code objects that run while a function is recorded are noted. They name their globals, the cells of their closures
and the attributes of modules and classes that they ask for. What is found there is compared before each call: numbers,
texts and functions by identity, and where that differs by value; containers, arrays and objects by what they hold.
Vars are live, so only another Var in the place of one counts. What cannot be compared, such as an open file, is
compared by identity alone.
"""

from __future__ import annotations

import functools
import opcode
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import is_
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy

from vargrad._compile.object_state import state_of, unchanging
from vargrad._core import modes, var_py
from vargrad._core.var import Var
from vargrad._vm.machine import Calls, HasShortcuts, Watch

MISSING = object()  # in place of a value that is not there
_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))
_BY_IDENTITY = (Var, var_py.Var, FunctionType, BuiltinFunctionType, type, ModuleType, HasShortcuts, numpy.ufunc)
_OURS = modes._PACKAGE, os.path.join(os.path.dirname(os.path.abspath(numpy.__file__)), "")
_STANDARD = os.path.join(os.path.dirname(os.path.abspath(os.__file__)), "")
_SOURCES = {"_io", "_random", "_socket", "datetime", "nt", "os", "posix", "random", "secrets", "time"}
_GROWING = (list, dict, set)  # a function may note there that it was recorded
_LOAD_GLOBAL, _LOAD_NAME = opcode.opmap["LOAD_GLOBAL"], opcode.opmap["LOAD_NAME"]


@functools.lru_cache(maxsize=1024)
def _is_fixed(file: str) -> bool:
    """Whether code of that file is vargrad's, NumPy's or the standard library's: no user changes its globals."""
    if file.startswith((*_OURS, "<frozen")):
        return True
    return file.startswith(_STANDARD) and "-packages" not in file[len(_STANDARD) :]


def _is_fixed_module(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    return file is None or _is_fixed(file)


class Running:
    """Notes the code objects that run inside the block, each with its globals.

    Under a profiler, which takes the only place there is, it takes all code that the function can reach.
    """

    def __init__(self, function: Any) -> None:
        self.seen: dict[CodeType, dict[str, Any]] = {}
        self.asked: list[str] = []  # sources of numbers that cannot be watched, and where they were asked
        self._function = function
        self._calls: Calls | None = None

    def __enter__(self) -> Running:
        if sys.getprofile() is None:
            self._calls = Calls(self._note_code, self._note_builtin)
            self._calls.start()
        else:
            self.seen = {f.__code__: f.__globals__ for f in _functions(self._function, None)}
        return self

    def __exit__(self, *error: object) -> None:
        if self._calls is not None:
            self._calls.stop()
            self._calls = None

    def __del__(self) -> None:
        self.__exit__()

    def _note_code(self, frame: Any) -> None:
        """Called once for each code object, with the frame in which it runs first."""
        if not _is_fixed(frame.f_code.co_filename):
            self.seen[frame.f_code] = frame.f_globals

    def _note_builtin(self, frame: Any, function: Any) -> bool:
        """Called for a builtin function until it returns True: it is no source of numbers."""
        if not is_source(function):
            return True
        if not frame.f_code.co_filename.startswith(modes._PACKAGE):
            self.asked.append(f"it calls {function.__name__}() at {_line_of(frame)}")
        return False


def _line_of(frame: Any) -> str:
    """The user's line under a frame."""
    while frame.f_back is not None and _is_fixed(frame.f_code.co_filename):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def is_source(function: Any) -> bool:
    """Whether a builtin function may give another number each time: dice, a clock, a file, an iterator."""
    if function is next or function is input:
        return True
    if getattr(function, "__module__", None) in _SOURCES:
        return True
    owner = getattr(function, "__self__", None)
    kind = owner if isinstance(owner, type) else type(owner)
    return kind.__module__.split(".")[0] in _SOURCES or kind.__module__.startswith("numpy.random")


def named_sources(seen: Mapping[CodeType, dict[str, Any]]) -> Iterator[str]:
    """Sources that tell no profiler when they are called, where code names them: for a message."""
    for code, names in seen.items():
        for name in global_names(code):
            found = names.get(name)
            if found is numpy.random or (found is numpy and "random" in code.co_names):
                yield f"it uses numpy.random at {code.co_filename}:{code.co_firstlineno}"
            elif callable(found) and not isinstance(found, type) and is_source(found):
                yield f"it uses {name}() at {code.co_filename}:{code.co_firstlineno}"


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


# ---- places


class Place:
    """Where a value is read: ``get`` reads it, MISSING where there is none.

    ``name`` is for messages; ``within``: a dict and the key in it, or a cell and None, where the place is one of these.
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


def _attribute(owner: Any, name: str) -> Place:
    return Place(f"{owner.__name__}.{name}", (id(owner), name), lambda: getattr(owner, name, MISSING))


def places(function: Any, seen: Mapping[CodeType, dict[str, Any]]) -> list[Place]:
    """Everywhere that code which ran, beginning at a function, may have read a value."""
    found: dict[tuple[Any, ...], Place] = {}
    for code, names in seen.items():
        for name in global_names(code):
            if name in names:
                _add(found, _in_dict(name, names, name), code)
    for f in _functions(function, seen):
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            _add(found, _in_cell(name, cell), f.__code__)
        for what in ("__defaults__", "__kwdefaults__"):
            if getattr(f, what):
                _add(found, _attribute(f, what), f.__code__)
    return list(found.values())


def _add(found: dict[tuple[Any, ...], Place], place: Place, code: CodeType) -> None:
    """The place, and below a module or a class the attributes that the code names."""
    if place.key in found:
        return
    found[place.key] = place
    value = place.get()
    if isinstance(value, ModuleType):
        if not _is_fixed_module(value):
            for name in code.co_names:
                if name in vars(value):
                    _add(found, _in_dict(f"{value.__name__}.{name}", vars(value), name), code)
    elif isinstance(value, type):
        _add_class(found, value)
    elif not isinstance(value, (*_PLAIN, *_BY_IDENTITY)):
        _add_class(found, type(value))


def _add_class(found: dict[tuple[Any, ...], Place], kind: type) -> None:
    """The data that a user's class holds for all its objects."""
    for base in kind.__mro__:
        module = sys.modules.get(base.__module__)
        if module is None or _is_fixed_module(module):
            continue
        for name, value in vars(base).items():
            if not name.startswith("__") and not callable(value) and not hasattr(value, "__get__"):
                place = _attribute(base, name)
                found.setdefault(place.key, place)


def _functions(first: Any, seen: Mapping[CodeType, Any] | None) -> Iterator[FunctionType]:
    """The functions whose code ran, as far as they can be found from the first one: by wrappers, cells, names,
    containers and attributes."""
    known, waiting = set[int](), [first]
    while waiting:
        x = waiting.pop()
        if id(x) in known or isinstance(x, (*_PLAIN, Var, var_py.Var, numpy.ndarray)):
            continue
        known.add(id(x))
        waiting += _inside(x, seen)
        if isinstance(x, FunctionType) and _ran(x.__code__, seen):
            yield x


def _ran(code: CodeType, seen: Mapping[CodeType, Any] | None) -> bool:
    """Whether the code ran, as far as is known."""
    return not _is_fixed(code.co_filename) if seen is None else code in seen


def _inside(x: Any, seen: Mapping[CodeType, Any] | None) -> Iterable[Any]:
    if isinstance(x, FunctionType):
        found = [x.__wrapped__] if hasattr(x, "__wrapped__") else []
        if _ran(x.__code__, seen):
            found += [x.__globals__[name] for name in global_names(x.__code__) if name in x.__globals__]
            found += [v for v in (_in_cell("", cell).get() for cell in x.__closure__ or ()) if v is not MISSING]
        return found
    if isinstance(x, HasShortcuts):
        return [getattr(x, "__wrapped__", None)]
    if isinstance(x, functools.partial):
        return [x.func, *x.args, *x.keywords.values()]
    if isinstance(x, MethodType):
        return [x.__func__, x.__self__]
    if isinstance(x, (list, tuple, set, frozenset)):
        return x
    if isinstance(x, dict):
        return x.values()
    if isinstance(x, ModuleType):
        return [] if _is_fixed_module(x) else [v for v in vars(x).values() if isinstance(v, FunctionType)]
    kind = x if isinstance(x, type) else type(x)
    module = sys.modules.get(kind.__module__)
    if module is None or _is_fixed_module(module):
        return []
    return [*vars(kind).values(), *(getattr(x, "__dict__", {}).values() if kind is not x else ())]


# ---- comparison


def _is_plain(x: Any) -> bool:
    return type(x) in _PLAIN or (type(x) in (tuple, frozenset) and all(map(_is_plain, x)))


def _is_fixed_value(x: Any) -> bool:
    """Whether it is compared by identity: it cannot change, or is live."""
    return isinstance(x, _BY_IDENTITY) or x is MISSING or _is_plain(x)


def _comparison(x: Any) -> Callable[[Any], bool] | None:
    """A function that tells whether an object holds what x holds now; None where identity is all there is."""
    if type(x) is numpy.ndarray and x.dtype != object:
        kind, shape, data = x.dtype, x.shape, x.tobytes()
        return lambda now: (
            type(now) is numpy.ndarray and now.dtype == kind and now.shape == shape and now.tobytes() == data
        )
    if type(x) is list and all(map(_is_fixed_value, x)):
        items = x.copy()
        return lambda now: type(now) is list and _alike(now, items)
    if type(x) is dict and all(map(_is_fixed_value, x.values())):
        values = x.copy()
        return lambda now: type(now) is dict and _alike(now, values) and _alike(now.values(), values.values())
    own = unchanging(x)
    if own is not None:
        kind = type(x)
        return lambda now: (
            type(now) is kind and _alike(now.__dict__, own) and _alike(now.__dict__.values(), own.values())
        )
    try:
        content, kept = state_of("", x)
    except TypeError:
        return None

    def compare(now: Any) -> bool:
        try:
            return state_of("", now)[0] == content and kept is not None
        except TypeError:
            return False

    return compare


def _alike(a: Any, b: Any) -> bool:
    """Whether two collections of numbers and texts are the same, one by one, to every program."""
    return len(a) == len(b) and (all(map(is_, a, b)) or all(map(_equal, a, b)))


def _equal(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and _is_plain(a) and repr(a) == repr(b))


class Read:
    """A place and what it held."""

    __slots__ = ("compare", "held", "place", "size")

    def __init__(self, place: Place) -> None:
        self.place = place
        self.held = held = place.get()
        self.compare = None if _is_fixed_value(held) else _comparison(held)
        self.size = len(held) if isinstance(held, _GROWING) else 0

    def is_same(self) -> bool:
        """Whether the place holds the same as then; what is equal takes the place of what was held."""
        now = self.place.get()
        if self.compare is not None:
            return self.compare(now)
        if not _equal(now, self.held):
            return False
        self.held = now
        return True


class Reads:
    """All that the recordings of one state of the world read."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Read] = {}
        self.watch = Watch()

    def now(self) -> list[Read]:
        """What all these places hold now."""
        return [Read(read.place) for read in self._known.values()]

    def add(self, found: Iterable[Place], loose: set[tuple[Any, ...]]) -> None:
        """Remember what these places hold now; those in ``loose``, which recordings change, by identity alone."""
        for place in found:
            if place.key not in self._known:
                self._known[place.key] = Read(place)
        self.loosen(loose)

    def loosen(self, keys: set[tuple[Any, ...]]) -> None:
        """Compare the objects in these places by identity alone from now on."""
        for key in keys & self._known.keys():
            read = self._known[key]
            read.held, read.compare = read.place.get(), None
        self._tell()

    def are_same(self) -> bool:
        """Whether all of it is the same as then."""
        if not self._known or self.watch.same():
            return True
        if not all(read.is_same() for read in self._known.values()):
            return False
        self._tell()
        return True

    def _tell(self) -> None:
        reads = self._known.values()
        simple = [(*read.place.within, read.held) for read in reads if read.compare is None and read.place.within]
        rest = [read for read in reads if read.compare is not None or not read.place.within]
        self.watch.set(simple, (lambda: all(read.is_same() for read in rest)) if rest else None)


def changed_by_recording(before: Iterable[Read]) -> tuple[set[tuple[Any, ...]], list[str]]:
    """The places in which a recording has changed what is held, and those from which it may have taken a number, such
    as a counter, for a message."""
    keys, doubtful = set(), []
    for read in before:
        if read.is_same():
            continue
        now = read.place.get()
        keys.add(read.place.key)
        if not (isinstance(now, _GROWING) and isinstance(read.held, _GROWING) and len(now) > read.size):
            doubtful.append(f"it changes {read.place.name}, to {now!r:.40}")
    return keys, doubtful
