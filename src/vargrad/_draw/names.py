"""Names for Vars: those that were given, those of the caller's variables."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from types import FrameType, ModuleType
from typing import Any

from vargrad._core.var import VARS

MOST = 10_000  # elements of one container that are looked at


def names_of(given: Mapping[str, Any] | None, frame: FrameType | None) -> dict[int, str]:
    """Names by the id() of the Var; given ones go before the frame's, and the shortest of the frame's wins."""
    found: dict[int, str] = {}
    for name, value in (given or {}).items():
        if not isinstance(name, str):
            raise TypeError(f"names maps names to Vars, as in names={{'x': x}}: {name!r:.60} is no str")
        if not isinstance(value, (*VARS, list, tuple, dict)):
            raise TypeError(f"names[{name!r:.60}] is no Var and no container of Vars but a {type(value).__name__}")
        for text, v in _in(name, value):
            found.setdefault(id(v), text)
    seen: dict[int, str] = {}
    for scope in () if frame is None else (frame.f_locals, frame.f_globals):
        for name, value in list(scope.items()):
            if name.startswith("_") or not name.isidentifier():  # such as those of a debugger or of pytest
                continue
            for text, v in (*_in(name, value), *_of_object(name, value)):
                if id(v) not in seen or len(text) < len(seen[id(v)]):
                    seen[id(v)] = text
    return seen | found


def _in(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The Vars in a variable: itself, or the elements of a list, tuple or dict, two levels deep."""
    if isinstance(value, VARS):
        yield name, value
        return
    for text, element in _elements(name, value):
        if isinstance(element, VARS):
            yield text, element
        else:
            yield from ((inner, v) for inner, v in _elements(text, element) if isinstance(v, VARS))


def _of_object(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The Vars of an object: a network's weights and biases, or what the attributes of another one hold."""
    if isinstance(value, (*VARS, type, ModuleType)) or type(value).__module__ == "builtins":
        return
    network = sys.modules.get("vargrad.nn.network")
    if network is not None and isinstance(value, network.NN):
        yield from _parameters(name, value)
        return
    try:
        attributes = object.__getattribute__(value, "__dict__")  # runs no code of the object's class
    except AttributeError:
        return
    if type(attributes) is dict and len(attributes) <= MOST:
        for key, inner in list(attributes.items()):
            if type(key) is str and not key.startswith("_"):
                yield from _in(f"{name}.{key}", inner)


def _parameters(name: str, model: Any) -> Iterator[tuple[str, Any]]:
    if len(model.parameters) > MOST:
        return
    for i, neurons in enumerate(model.weights):
        for j, neuron in enumerate(neurons):
            yield from ((f"{name}.weights[{i}][{j}][{k}]", v) for k, v in enumerate(neuron))
    for i, biases in enumerate(model.biases):
        yield from ((f"{name}.biases[{i}][{j}]", v) for j, v in enumerate(biases))


def _elements(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    # The exact types: iterating over anything else may run code of its own.
    if type(value) in (list, tuple):
        yield from ((f"{name}[{i}]", element) for i, element in enumerate(value[:MOST]))
    elif type(value) is dict and len(value) <= MOST:
        yield from ((f"{name}[{key!r}]", v) for key, v in list(value.items()) if type(key) in (str, int))
