"""Groups of parameters with settings of their own, in torch's form: dicts of "params" and settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from vargrad._core.parameters import Parameters
from vargrad._util import errors

if TYPE_CHECKING:
    from vargrad._core.var import Var

    class Grouped(Protocol):
        """The attributes of an optimizer that its group reads."""

        settings: ClassVar[tuple[str, ...]]

        @property
        def variables(self) -> tuple[Var, ...]: ...


def listed(parameters: Any, what: str, settings: tuple[str, ...]) -> list[tuple[list[Var], dict[str, Any]]] | None:
    """The Vars and the settings of each group; None if no groups are given.

    Raises TypeError or ValueError for groups without parameters, or with settings that the optimizer does not have.
    """
    if not isinstance(parameters, (list, tuple)) or isinstance(parameters, Parameters):
        return None
    if not any(isinstance(x, Mapping) for x in parameters):
        return None
    found = []
    for i, group in enumerate(parameters):
        if not isinstance(group, Mapping) or "params" not in group:
            raise TypeError(
                f"{what}: group {i} must be a dict with 'params', as in {{'params': model.parameters[:8], 'lr': 0.1}}, "
                f"not {group!r:.60}"
            )
        own = {name: x for name, x in group.items() if name != "params"}
        for name in own:
            errors.known(f"{what}: a setting of group {i}", name, settings, {})
        some = group["params"]
        found.append(([some] if hasattr(some, "requires_grad") else list(some), own))
    return found


class ParamGroup(Mapping[str, Any]):
    """One group: its "params" and its settings, which can be set. A setting out of range raises and changes nothing."""

    __slots__ = ("_of",)

    def __init__(self, of: Grouped) -> None:
        self._of = of

    def __getitem__(self, name: str) -> Any:
        if name == "params":
            return list(self._of.variables)
        if name not in self._of.settings:
            raise KeyError(name)
        return getattr(self._of, name)

    def __setitem__(self, name: str, value: Any) -> None:
        what = f"{type(self._of).__name__}: a setting of a group"
        setattr(self._of, errors.known(what, name, self._of.settings, {}), value)

    def __iter__(self) -> Iterator[str]:
        return iter(("params", *self._of.settings))

    def __len__(self) -> int:
        return 1 + len(self._of.settings)

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={self[name]!r}" for name in self._of.settings)
        count = len(self._of.variables)
        return f"<{count} parameter{'s' * (count != 1)}, {settings}>"
