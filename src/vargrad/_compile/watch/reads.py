"""What a recorded function reads besides its arguments, and whether it has changed since.

The code objects that run while a function is recorded are noted. They name their globals, the cells of their closures
and the attributes of modules and classes that they ask for. What is found there is compared before each call: numbers,
texts and functions by identity, and where that differs by value; containers, arrays and objects by what they hold.
Vars are live, so only another Var in the place of one counts. What cannot be compared, such as an open file, is
compared by identity alone.
"""

from __future__ import annotations

import pickle
import weakref
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from operator import is_
from typing import Any

import numpy

from vargrad._compile.watch.object_state import state_of, unchanging
from vargrad._compile.watch.places import BY_IDENTITY, MISSING, PLAIN, Place
from vargrad._vm.machine import HasShortcuts, Watch

_DEEPEST = 20  # containers in containers
_GROWING = (list, dict, set)  # a function may note there that it was recorded


def _is_plain(x: Any) -> bool:
    return type(x) in PLAIN or (type(x) in (tuple, frozenset) and all(map(_is_plain, x)))


def _is_fixed_value(x: Any) -> bool:
    """Whether it is compared by identity: it cannot change, or is live."""
    return isinstance(x, BY_IDENTITY) or x is MISSING or _is_plain(x)


def _content(x: Any) -> Any:
    """What an object holds, where that can be compared without code of its own: see Watch. None for the rest."""
    if type(x) is numpy.ndarray and not x.dtype.hasobject:
        return x.copy("C")
    if type(x) is list and all(map(_is_fixed_value, x)):
        return tuple(x)
    if type(x) is dict and all(map(_is_fixed_value, x.values())):
        return x.copy()
    own = None if isinstance(x, (list, dict, numpy.ndarray)) else unchanging(x)
    return None if own is None else (type(x), own)


def _nested(x: Any, depth: int = 0) -> list[Any] | None:
    """What containers in containers hold, for Watch: [the outer content, [(inner object, its content), ...]].

    None where something in them cannot be compared like that.
    """
    if type(x) not in (list, tuple, dict) or depth > _DEEPEST:
        return None
    inner = []
    for item in x.values() if type(x) is dict else x:
        if isinstance(item, HasShortcuts):  # it may watch an object itself
            return None
        if _is_fixed_value(item):
            continue
        content = _watched(item, depth + 1)
        if content is None:
            return None
        if not (type(item) is tuple and not content[1]):
            inner.append((item, content))
    return [None if type(x) is tuple else tuple(x) if type(x) is list else x.copy(), inner]


def _watched(x: Any, depth: int = 0) -> Any:
    """What an object holds, for Watch; None where that takes more than looking for the same objects."""
    simple = _content(x)
    return _nested(x, depth) if simple is None else simple


def _comparison(x: Any, depth: int = 0) -> Callable[[Any], bool] | None:
    """A function that tells whether an object holds what x holds now; None where identity is all there is."""
    if isinstance(x, (ContextVar, weakref.ref)):
        return _by_target(x)
    simple = _content(x)
    if simple is not None:
        return _by_content(type(x), simple)
    try:
        content, kept = state_of("", x)
    except TypeError:
        return _by_pickle(x) or _by_parts(x, depth)

    def compare(now: Any) -> bool:
        try:
            return state_of("", now)[0] == content and kept is not None
        except TypeError:
            return False

    return compare


def _by_content(kind: type, content: Any) -> Callable[[Any], bool]:
    """A comparison by value with the content of an object of that type."""

    def compare(now: Any) -> bool:
        if type(now) is not kind:
            return False
        if isinstance(now, numpy.ndarray):
            same = now.dtype == content.dtype and now.shape == content.shape
            return bool(same and now.tobytes() == content.tobytes())
        if kind is list:
            return _alike(now, content)
        entries: Any = now if kind is dict else now.__dict__
        own = content if kind is dict else content[1]
        return _alike(entries, own) and _alike(entries.values(), own.values())

    return compare


def _by_target(x: Any) -> Callable[[Any], bool]:
    """A comparison of what a context variable or a weak reference leads to."""

    def target() -> Any:
        return x.get(MISSING) if isinstance(x, ContextVar) else x()

    then = target()
    compare = None if _is_fixed_value(then) else _comparison(then)
    return lambda now: now is x and (_equal(target(), then) if compare is None else compare(target()))


def _by_pickle(x: Any) -> Callable[[Any], bool] | None:
    """A comparison by what the object's own way of pickling writes."""
    try:
        content = pickle.dumps(x, 5)
    except Exception:
        return None

    def compare(now: Any) -> bool:
        try:
            return pickle.dumps(now, 5) == content
        except Exception:
            return False

    return compare


def _by_parts(x: Any, depth: int) -> Callable[[Any], bool] | None:
    """A comparison of what can be compared inside: of the rest, such as a lock, by identity."""
    own = getattr(x, "__dict__", None)
    if type(x) not in (list, tuple, dict) and type(own) is not dict:
        return None
    if depth > 20:
        return None

    def parts(y: Any) -> tuple[list[Any], list[Any]]:
        found = y if type(y) in (list, tuple, dict) else y.__dict__
        return (list(found), list(found.values())) if type(found) is dict else ([], list(found))

    kind, (names, values) = type(x), parts(x)
    same = [(v, None if _is_fixed_value(v) else _comparison(v, depth + 1)) for v in values]

    def compare(now: Any) -> bool:
        if type(now) is not kind:
            return False
        keys, found = parts(now)
        if len(found) != len(same) or not _alike(keys, names):
            return False
        return all(_equal(v, w) if f is None else f(v) for v, (w, f) in zip(found, same, strict=True))

    return compare


def _alike(a: Any, b: Any) -> bool:
    """Whether two collections of numbers and texts are the same, one by one, to every program."""
    return len(a) == len(b) and (all(map(is_, a, b)) or all(map(_equal, a, b)))


def _equal(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and _is_plain(a) and repr(a) == repr(b))


class Read:
    """A place and what it held."""

    __slots__ = ("compare", "content", "held", "place", "size")

    def __init__(self, place: Place) -> None:
        self.place = place
        self.held = held = place.get()
        self.content = None
        self.compare: Callable[[Any], bool] | None = None
        if not _is_fixed_value(held):
            self.compare = _comparison(held)
            self.content = _watched(held)
        self.size = len(held) if isinstance(held, _GROWING) else 0

    def is_same(self) -> bool:
        """Whether the place holds the same as then; what is equal takes the place of what was held."""
        now = self.place.get()
        if self.compare is not None:
            same = self.compare(now)
            if same and self.content is not None:
                self.held = now
                if type(now) is not numpy.ndarray:  # equal, though perhaps of other objects
                    self.content = _watched(now)
            return same
        if not _equal(now, self.held):
            return False
        self.held = now
        return True


class Reads:
    """All that the recordings of one state of the world read."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Read] = {}
        self.watch = Watch(MISSING)

    def places(self, loose: set[tuple[Any, ...]]) -> list[Place]:
        """All these places, but for the loose ones."""
        return [read.place for key, read in self._known.items() if key not in loose]

    def of(self, found: Iterable[Place]) -> list[Read]:
        """What is known of these places."""
        return [self._known[place.key] for place in found if place.key in self._known]

    def now(self) -> list[Read]:
        """What all these places hold now."""
        return [Read(read.place) for read in self._known.values()]

    def add(self, found: Iterable[Place], loose: set[tuple[Any, ...]]) -> None:
        """Remember what these places hold now; those in ``loose``, which recordings change, by identity alone."""
        for place in found:
            if place.key not in self._known:
                self._known[place.key] = Read(place)
        self.loosen(loose)

    def unknown(self) -> list[str]:
        """Objects of which nothing can be compared, such as iterators and files: for a message."""
        reads = self._known.values()
        return [
            f"it reads {r.place.name}"
            for r in reads
            if r.compare is None and not (_is_fixed_value(r.held) or isinstance(r.held, _GROWING))
        ]

    def loosen(self, keys: set[tuple[Any, ...]]) -> None:
        """Compare the objects in these places by identity alone from now on."""
        for key in keys & self._known.keys():
            read = self._known[key]
            read.compare = read.content = None  # what is held stays: another object in its place is a change
            if _is_plain(read.held):  # a counter that no recording depends on, or it would have been refused
                del self._known[key]
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
        simple: list[tuple[Any, Any, Any, Any]] = []
        rest = []
        for read in reads:
            if read.place.within and (read.compare is None or read.content is not None):
                simple.append((*read.place.within, read.held, read.content))
            else:
                rest.append(read)
        self.watch.set(simple, (lambda: all(read.is_same() for read in rest)) if rest else None)


def may_change(found: Iterable[Read], kinds: set[str]) -> list[str]:
    """The places among these from which a counter may have been read, for a message: code that ran changes such."""
    doubtful = []
    for read in found:
        if _is_plain(read.held):
            kind = "name"
        elif isinstance(read.held, (*_GROWING, numpy.ndarray)):
            kind = "element"
        else:
            kind = "" if _is_fixed_value(read.held) else "attribute"
        if kind in kinds:
            doubtful.append(f"it may change {read.place.name}")
    return doubtful


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
            doubtful.append(f"it changes {read.place.name}" + (f", to {now!r:.40}" if _is_plain(now) else ""))
    return keys, doubtful
