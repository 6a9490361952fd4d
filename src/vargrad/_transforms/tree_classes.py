"""Classes whose objects hold numbers to differentiate by: dataclasses, and those that were registered."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

_Class = TypeVar("_Class", bound=type)
_registered: dict[type, tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]] = {}


def register_tree(
    cls: _Class,
    flatten: Callable[[Any], tuple[Iterable[Any], Any]],
    unflatten: Callable[[Any, Any], Any],
) -> _Class:
    """Let objects of a class be arguments and results of all transforms, as lists and dicts are. Returns the class.

    ``flatten``: an object's parts to differentiate by, each a number or a structure of numbers, and whatever else is
    needed to make it again. ``unflatten``: takes that and the parts, and makes an object; these are numbers, Vars,
    derivatives. Both are as jax.tree_util.register_pytree_node takes them. Subclasses are not included.

    Dataclasses need no registration: their fields are the parts, but those with metadata={"static": True} stay as they
    are. Fields that the constructor does not take are None in derivatives. Raises TypeError for what is no class or no
    function, ValueError for a class that was registered before with other functions.

    >>> import vargrad
    >>> class Circle:
    ...     def __init__(self, radius, name):
    ...         self.radius, self.name = radius, name
    >>> _ = vargrad.register_tree(Circle, lambda c: ([c.radius], c.name), lambda name, parts: Circle(*parts, name))
    >>> slope = vargrad.grad(lambda c: c.radius**2)(Circle(3.0, "wheel"))
    >>> slope.radius, slope.name
    (6.0, 'wheel')
    """
    if not isinstance(cls, type):
        raise TypeError(f"register_tree() takes a class, not {type(cls).__name__} ({cls!r:.60})")
    for role, function in (("flatten", flatten), ("unflatten", unflatten)):
        if not callable(function):
            raise TypeError(f"register_tree(): {role} must be a function, not {type(function).__name__}")
    if _registered.setdefault(cls, (flatten, unflatten)) != (flatten, unflatten):
        raise ValueError(f"register_tree(): {cls.__name__} is registered with other functions already")
    return cls


class ObjectPlace:
    """The place of an object: its parts, and what makes an object of other parts."""

    __slots__ = ("held", "kind", "names", "parts")

    def __init__(self, kind: type, names: tuple[str, ...] | None, parts: Sequence[Any], held: Any) -> None:
        self.kind = kind
        self.names = names  # of a dataclass's fields, None for a class that was registered
        self.parts = tuple(parts)
        self.held = held  # of a dataclass its static fields, or what flatten() gave beside the parts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectPlace) and self.is_like(other) and self.parts == other.parts

    __hash__ = None  # type: ignore[assignment]

    def is_like(self, other: ObjectPlace) -> bool:
        """Whether another one is of the same class, with as many parts."""
        return self.kind is other.kind and len(self.parts) == len(other.parts)

    def of(self, parts: Sequence[Any]) -> ObjectPlace:
        """The same with other parts."""
        return ObjectPlace(self.kind, self.names, parts, self.held)

    def labels(self) -> list[str]:
        """How one would reach each part."""
        if self.names is None:
            return [f"[{i}]" for i in range(len(self.parts))]
        return [f".{name}" for name in self.names]

    def made(self, parts: Sequence[Any], by_constructor: bool = False) -> Any:
        """An object with these parts.

        A dataclass's constructor may compute more from its arguments, so it makes what a function computes with. It may
        also refuse or change numbers, so derivatives are put into the fields directly.
        """
        if self.names is None:
            return _registered[self.kind][1](self.held, parts)
        fields = dict(zip(self.names, parts, strict=True)) | self.held
        if by_constructor:
            return self.kind(**fields)
        made: Any = object.__new__(self.kind)
        for field in dataclasses.fields(self.kind):
            object.__setattr__(made, field.name, fields.get(field.name))
        return made


def opened(x: Any) -> ObjectPlace | None:
    """An object's parts, None if it is of no class that has any."""
    kind = type(x)
    if kind in _registered:
        parts, held = _registered[kind][0](x)
        return ObjectPlace(kind, None, list(parts), held)
    if not hasattr(kind, "__dataclass_fields__"):
        return None
    fields = [field for field in dataclasses.fields(kind) if field.init]
    names = [field.name for field in fields if not field.metadata.get("static")]
    held = {field.name: getattr(x, field.name) for field in fields if field.metadata.get("static")}
    return ObjectPlace(kind, tuple(names), [getattr(x, name) for name in names], held)
