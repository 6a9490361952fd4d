"""Compiles what to_c() writes with the C compiler that setuptools finds, and calls it. No compiler is a failure."""

from __future__ import annotations

import ctypes
import itertools
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import setuptools  # noqa: F401  (from Python 3.12, it is setuptools that brings distutils)

Array = npt.NDArray[np.float64]
Function = Callable[..., tuple[int, list[Array]]]
STRICT = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O1"]
_numbers = itertools.count()


def build(folder: Path, texts: Sequence[str], names: Sequence[str]) -> list[Function]:
    """The named functions of one library made of all texts, in one file: their own names must not clash."""
    from distutils.ccompiler import new_compiler
    from distutils.sysconfig import customize_compiler

    compiler: Any = new_compiler()
    customize_compiler(compiler)
    msvc = compiler.compiler_type == "msvc"
    if not msvc:
        assert shutil.which(compiler.compiler[0]), f"to_c() needs the C compiler {compiler.compiler[0]!r} to be tested"
    stem = f"written{next(_numbers)}"  # a library that is loaded stays so
    path = folder / f"{stem}.c"
    path.write_text("\n".join(texts), encoding="ascii")
    objects = compiler.compile([str(path)], output_dir=str(folder), extra_postargs=[] if msvc else STRICT)
    target = folder / compiler.shared_object_filename(stem)
    compiler.link_shared_object(objects, str(target), export_symbols=list(names), libraries=[] if msvc else ["m"])
    library = ctypes.CDLL(str(target))
    return [_function(getattr(library, name)) for name in names]


def _function(symbol: Any) -> Function:
    def call(x: Any, *sizes: int) -> tuple[int, list[Array]]:
        """The function's status, and its arrays of these sizes, of nan where nothing was written."""
        given = np.ascontiguousarray(x, np.float64)
        found = [np.full(size, np.nan) for size in sizes]
        pointers = [array.ctypes.data_as(ctypes.POINTER(ctypes.c_double)) for array in (given, *found)]
        return symbol(*pointers), found

    return call
