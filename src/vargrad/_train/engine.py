"""The engine that trains networks: the compiled one where it is built, unless VARGRAD_BACKEND says otherwise."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from vargrad._train import engine_py
from vargrad._util.backend import choose

module: ModuleType = choose(engine_py, "vargrad._train.engine_c")

if TYPE_CHECKING:
    from vargrad._train.engine_py import Engine as Engine
else:
    Engine = module.Engine
