"""The engine that trains networks: the compiled one where it is built, unless VARGRAD_BACKEND says otherwise."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from vargrad._train import engine_py
from vargrad._util.backend import choose

MOST_SPARE = 8  # engines that wait for the next call, of networks of at most so many parameters
MOST_PARAMETERS = 1 << 14
_spare: dict[Any, Any] = {}  # by what they compute, the newest last
module: ModuleType = choose(engine_py, "vargrad._train.engine_c")

if TYPE_CHECKING:
    from vargrad._train.engine_py import Engine as Engine
else:
    Engine = module.Engine


def take(key: Any) -> Any:
    """The engine that was kept under this key, for the caller alone, so that no other thread uses it; or None."""
    return _spare.pop(key, None)


def keep(key: Any, engine: Any, parameters: int) -> None:
    """Keep an engine with so many parameters for the next call; the oldest one goes. Large ones are not kept."""
    if parameters <= MOST_PARAMETERS:
        _spare[key] = engine
        if len(_spare) > MOST_SPARE:
            for old in list(_spare)[:-MOST_SPARE]:
                _spare.pop(old, None)
