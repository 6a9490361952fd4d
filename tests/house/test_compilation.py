"""The core is compiled so that its numbers are Python's, or not at all; see csrc/compilation.py."""

from __future__ import annotations

import ctypes
import os
import runpy
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import setuptools  # noqa: F401  (from Python 3.12, it is setuptools that brings distutils)

ROOT = Path(__file__).parents[2]
SOURCE = """
#pragma GCC visibility push(default)
double grouped(double a, double b, double c) { return (a + b) + c; }
int is_nan(double x) { return x != x; }
double third(double x) { return x / 3.0; }
double negative_zero(double x) { return 0.0 - x; }
"""
FAST = ["-ffast-math", "-Ofast", "-funsafe-math-optimizations", "-ffinite-math-only", "-freciprocal-math"]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the flags are those of GCC and Clang")


@pytest.fixture
def compilation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names of the module, in a folder that has the header and nothing else."""
    monkeypatch.setenv("VARGRAD_BUILD", "")
    (tmp_path / "csrc").mkdir()
    shutil.copy(ROOT / "csrc/ieee.h", tmp_path / "csrc")
    (tmp_path / "code.c").write_text(SOURCE, encoding="ascii")
    monkeypatch.chdir(tmp_path)
    return runpy.run_path(str(ROOT / "csrc/compilation.py"))


def compiled(flags: list[str], link: list[str]) -> Path:
    """A library of code.c, with CFLAGS of the environment."""
    from distutils.ccompiler import new_compiler
    from distutils.sysconfig import customize_compiler

    compiler: Any = new_compiler()
    customize_compiler(compiler)
    objects = compiler.compile(["code.c"], extra_postargs=flags)
    compiler.link_shared_object(objects, "code.so", extra_postargs=link)
    return Path("code.so").absolute()


@pytest.mark.parametrize("fast", FAST)
def test_fast_math_in_the_environment_changes_nothing(
    fast: str, compilation: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in the code, nor by a start file that makes subnormal numbers 0 in the whole process."""
    monkeypatch.setenv("CFLAGS", fast)
    library = ctypes.CDLL(str(compiled(compilation["COMPILE"], compilation["LINK"])))
    doubles = {"grouped": (1e308, 1e308, -1e308), "third": (0.7,), "negative_zero": (0.0,)}
    for name, arguments in doubles.items():
        function = getattr(library, name)
        function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double] * len(arguments)
        plain = {"grouped": lambda a, b, c: (a + b) + c, "third": lambda x: x / 3.0, "negative_zero": lambda x: 0.0 - x}
        assert repr(function(*arguments)) == repr(plain[name](*arguments))
    library.is_nan.argtypes = [ctypes.c_double]
    assert library.is_nan(float("nan")) == 1
    assert sys.float_info.min / 2 > 0.0


@pytest.mark.parametrize(
    "flags",
    [
        ["-D__FAST_MATH__=1"],
        ["-U__FINITE_MATH_ONLY__", "-D__FINITE_MATH_ONLY__=1"],
        ["-U__FLT_EVAL_METHOD__", "-D__FLT_EVAL_METHOD__=2"],
        ["-U__DBL_MANT_DIG__", "-D__DBL_MANT_DIG__=24"],
    ],
    ids=["fast math", "finite math", "x87", "short double"],
)
def test_what_would_give_wrong_numbers_does_not_compile(
    flags: list[str], compilation: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Exception, match="exit"):
        compiled([*compilation["COMPILE"], *flags], [])
    assert "vargrad needs" in capfd.readouterr().err


def test_what_was_compiled_otherwise_is_older_than_the_stamp(
    compilation: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp = Path(compilation["stamp"]())
    os.utime(stamp, (1.0, 1.0))  # as if what was compiled then were newer
    assert Path(compilation["stamp"]()).stat().st_mtime == 1.0
    for name, value in [("CFLAGS", "-O1"), ("CC", "another-cc"), ("LDFLAGS", "-L/elsewhere")]:
        monkeypatch.setenv(name, value)
        assert Path(compilation["stamp"]()).stat().st_mtime > 1.0
        os.utime(stamp, (1.0, 1.0))
