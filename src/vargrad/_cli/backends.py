"""The two twins by name, and why one of them may be missing."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from typing import Any

import vargrad
from vargrad import math, reference
from vargrad._util.backend import missing

NAMES = {"compiled": "compiled core", "python": "pure-Python core"}


class Missing(Exception):
    """The wanted twin is not to be had here; the message says why and what to do."""


@dataclass(frozen=True)
class Twin:
    """One implementation: its name, its Var, and its vargrad.math."""

    name: str
    Var: type[vargrad.Var]
    math: Any

    @property
    def title(self) -> str:
        """What a person calls it."""
        return NAMES[self.name]


def find(name: str | None = None) -> Twin:
    """The twin of that name, or the active one; raises Missing."""
    if (name or vargrad.backend) == "python":
        return Twin("python", reference.Var, reference.math)
    if vargrad.backend != "compiled":
        raise Missing(why())
    return Twin("compiled", vargrad.Var, math)


def why() -> str:
    """Why the active twin is the active one, and how to get the other if this is the pure one."""
    forced = os.environ.get("VARGRAD_BACKEND")
    if vargrad.backend == "compiled":
        return "VARGRAD_BACKEND=compiled asks for it" if forced else "it is there, and the faster of the two"
    if forced == "python":
        return "VARGRAD_BACKEND=python switches the compiled core off; unset that variable to have both twins"
    try:
        importlib.import_module("vargrad._core.var_c")
    except ImportError as error:
        return missing(error)
    return "the compiled core was not there yet when this process imported vargrad"
