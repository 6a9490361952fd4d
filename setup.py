"""The extensions and the switch VARGRAD_BUILD=python|debug|sanitize; metadata: pyproject.toml."""

import os
import sys
from glob import glob
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext  # Cython's, where Cython is installed

SOURCES = {"vargrad._core_c": ["src/vargrad/_core_c.pyx", "csrc/tape.c"]}
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
if sys.platform == "win32":
    ALWAYS, LIBRARIES, SANITIZERS = ["/fp:precise", "/std:c11"], [], []
    FLAGS = {"": ["/O2"], "debug": ["/Od", "/UNDEBUG"], "sanitize": ["/fsanitize=address"]}
else:  # never -ffast-math and never contraction: the twins agree to the bit
    ALWAYS, LIBRARIES, DEBUG = ["-ffp-contract=off"], ["m"], ["-g", "-UNDEBUG", "-Wall"]
    FLAGS = {"": ["-O3"], "debug": ["-O0", *DEBUG], "sanitize": ["-O1", *DEBUG, *SANITIZERS]}

MODE = os.environ.get("VARGRAD_BUILD", "")
if MODE not in (*FLAGS, "python"):
    sys.exit(f"VARGRAD_BUILD={MODE!r}: expected python, debug, sanitize, or nothing (optimised)")
C_FLAGS = {
    "include_dirs": ["csrc"],
    "depends": ["setup.py", *glob("csrc/*.[hd]*"), *glob("src/vargrad/*.px[di]")],
    "libraries": LIBRARIES,
    "extra_compile_args": [*ALWAYS, *FLAGS.get(MODE, [])],
    "extra_link_args": SANITIZERS if MODE == "sanitize" else [],
}


class BuildOrFallBack(build_ext):
    def build_extension(self, ext):
        ext.cython_c_in_temp = True
        try:
            super().build_extension(ext)
        except Exception as error:  # Cython's, the compiler's and setuptools' share no other base
            if not ext.optional or self.editable_mode:
                raise
            Path(self.get_ext_fullpath(ext.name)).unlink(missing_ok=True)  # from an earlier build
            print(f"vargrad: no {ext.name}, the pure-Python core serves: {error}", file=sys.stderr)


setup(
    ext_modules=[Extension(*item, optional=not MODE, **C_FLAGS) for item in SOURCES.items()]
    * (MODE != "python"),
    cmdclass={"build_ext": BuildOrFallBack},
    options={"build": {"build_base": f"build/{MODE or 'release'}"}},  # modes share no object file
)
