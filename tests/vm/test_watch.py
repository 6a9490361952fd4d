"""Watch: whether places hold the same objects as before, and these the same content; both twins alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import vargrad
from vargrad._vm import machine
from vargrad._vm.watch_py import Watch as Twin


class Model:
    def __init__(self) -> None:
        self.rate = 2.0


class Other(Model):
    pass


def content(x: Any) -> Any:
    if type(x) in (list, tuple) and any(type(y) is not float and type(y) is not str for y in x):
        return [tuple(x) if type(x) is list else None, [(y, content(y)) for y in x]]
    if isinstance(x, (list, tuple)):
        return tuple(x)
    return x.copy() if isinstance(x, (dict, numpy.ndarray)) else (type(x), dict(x.__dict__))


def become(x: Any, kind: type) -> None:
    x.__class__ = kind


MAKE: dict[str, Callable[[], Any]] = {
    "list": lambda: [2.0, "a", 3.0],
    "dict": lambda: {"a": 2.0, "b": 3.0},
    "array": lambda: numpy.arange(6.0),
    "zeros": lambda: numpy.zeros(3),
    "object": Model,
    "lists": lambda: [[2.0, "a"], [[3.0]]],
    "tuple": lambda: ([2.0], {"a": 2.0}, numpy.zeros(2), Model()),
}
EDITS: list[tuple[str, Callable[[Any], object]]] = [
    ("list", lambda x: x.__setitem__(2, 4.0)),
    ("list", lambda x: x.append(1.0)),
    ("list", lambda x: x.clear()),
    ("list", lambda x: x.reverse()),
    ("dict", lambda x: x.__setitem__("a", 4.0)),
    ("dict", lambda x: x.__setitem__("c", 4.0)),
    ("dict", lambda x: x.pop("a")),
    ("dict", lambda x: x.__setitem__("a", x.pop("a"))),  # the order
    ("array", lambda x: x.__setitem__(5, 4.0)),
    ("array", lambda x: setattr(x, "shape", (2, 3))),
    ("array", lambda x: setattr(x, "dtype", numpy.int64)),
    ("zeros", lambda x: x.__setitem__(0, -0.0)),
    ("zeros", lambda x: x.__setitem__(0, float("nan"))),
    ("object", lambda x: setattr(x, "rate", 3.0)),
    ("object", lambda x: setattr(x, "more", 3.0)),
    ("object", lambda x: delattr(x, "rate")),
    ("object", lambda x: become(x, Other)),
    ("lists", lambda x: x[0].append(1.0)),
    ("lists", lambda x: x[1][0].__setitem__(0, 4.0)),
    ("lists", lambda x: x.__setitem__(0, [2.0, "a"])),
    ("lists", lambda x: x.reverse()),
    ("tuple", lambda x: x[0].pop()),
    ("tuple", lambda x: x[1].clear()),
    ("tuple", lambda x: x[2].__setitem__(1, 1.0)),
    ("tuple", lambda x: setattr(x[3], "rate", 3.0)),
]


@pytest.mark.filterwarnings("ignore:Setting the (shape|dtype) on a NumPy array:DeprecationWarning")  # of NumPy 2.5
@pytest.mark.parametrize("kind", [machine.Watch, Twin])
@pytest.mark.parametrize("number", range(len(EDITS)))
def test_content_is_compared(kind: Any, number: int) -> None:
    name, edit = EDITS[number]
    x = MAKE[name]()
    watch = kind()
    watch.set([({"x": x}, "x", x, content(x))], None)
    assert watch.same()
    edit(x)
    assert not watch.same()


@pytest.mark.parametrize("kind", [machine.Watch, Twin])
@pytest.mark.parametrize("name", MAKE)
def test_another_object_with_the_same_content_is_looked_at_again(kind: Any, name: str) -> None:
    x = MAKE[name]()
    place = {"x": x}
    watch = kind()
    watch.set([(place, "x", x, content(x))], None)
    place["x"] = MAKE[name]()
    assert not watch.same()


def test_content_of_another_type_is_refused() -> None:
    if machine.Watch is Twin:
        pytest.skip("the pure twin's Watch casts nothing")
    place: dict[str, Any] = {}
    held: list[tuple[Any, Any]] = [([1.0], [1.0]), ({}, ()), (numpy.zeros(2), b""), (Model(), {}), (2.0, ())]
    held += [([[1.0]], [None, []]), (([1.0],), [None, [([1.0], {})]]), (([1.0],), [(), []])]
    held.append((numpy.zeros(2), numpy.array([None, None])))
    for x, wrong in held:
        with pytest.raises(TypeError, match="holds is no"):
            machine.Watch().set([(place, "x", x, wrong)], None)


DATA: Any = [[(1.0, 2.0), [3.0]], {"a": [numpy.ones(2), (1.0, [vargrad.Var(2.0), abs])]}]


def test_data_in_containers_is_watched_and_compared_by_value() -> None:
    """Each change is seen; equal data in other objects keep the recording."""
    f = vargrad.compile(lambda x, y=DATA: y[0][1][0] * x + y[0][0][1] + y[1]["a"][0][1] * DATA[1]["a"][1][0])
    assert f(3.0) == 12.0
    (reads,) = (specialization.reads for specialization in f._specializations.values())
    assert reads.watch.same()
    DATA[0] = [(1.0, float("2.0")), [3.0]]
    assert not reads.watch.same()
    assert (f(3.0), f.paths) == (12.0, 1)
    assert reads.watch.same()
    edits: list[tuple[Callable[[], object], Callable[[], object], float]] = [
        (lambda: DATA[0][1].__setitem__(0, 4.0), lambda: DATA[0][1].__setitem__(0, 3.0), 15.0),
        (lambda: DATA[1]["a"][0].__setitem__(1, 5.0), lambda: DATA[1]["a"][0].__setitem__(1, 1.0), 16.0),
        (lambda: DATA[0].__setitem__(0, (1.0, 0.0)), lambda: DATA[0].__setitem__(0, (1.0, 2.0)), 10.0),
    ]
    for edit, undo, result in edits:
        edit()
        assert f(3.0) == result
        undo()
        assert f(3.0) == 12.0


TABLE = [2.0, 3.0]


def test_an_equal_list_takes_the_place_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    f = vargrad.compile(lambda x: TABLE[0] * x)
    assert f(3.0) == 6.0
    old = TABLE
    monkeypatch.setitem(globals(), "TABLE", [float("2.0"), 3.0])
    assert (f(3.0), f.paths) == (6.0, 1)
    old[0] = 7.0
    assert (f(3.0), f.paths) == (6.0, 1)
    TABLE[0] = 5.0
    assert f(3.0) == 15.0
    old[0] = 2.0
    monkeypatch.setitem(globals(), "TABLE", old)
    assert f(3.0) == 6.0
