"""The extensions and the switch VARGRAD_BUILD=python|debug|sanitize; metadata: pyproject.toml."""

import os
import sys
from pathlib import Path

import numpy
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext  # Cython's, where Cython is installed
from setuptools.modified import newer_group

C = {"_core/var": "tape", "_vm/machine": "vm", "_train/engine": "dense"}  # folders of csrc
SOURCES = {f"{n}_c": [f"src/vargrad/{n}_c.pyx", *map(str, sorted(Path("csrc", C[n]).rglob("*.c")))] for n in C}
for n in ("compiled/store.pyx", "pure/graph.py", "pure/passes.py", "pure/forward.py"):  # typed by _ir/compiled/*.pxd
    SOURCES[f"_ir/compiled/{Path(n).stem}"] = [f"src/vargrad/_ir/{n}"]
ALWAYS = ["/fp:precise", "/std:c11"]
if WINDOWS := sys.platform == "win32":
    FLAGS = {"": ["/O2"], "debug": ["/Od", "/UNDEBUG"], "sanitize": ["/fsanitize=address"]}
else:  # never -ffast-math and never contraction: the twins agree to the bit
    ALWAYS, DEBUG = ["-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"], ["-g", "-UNDEBUG", "-Wall"]
    SANITIZE = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
    FLAGS = {"": ["-O3", "-g0", "-fvisibility=hidden"], "debug": ["-O0", *DEBUG], "sanitize": [*SANITIZE, *DEBUG]}
if (MODE := os.environ.get("VARGRAD_BUILD", "")) not in (*FLAGS, "python"):
    sys.exit(f"VARGRAD_BUILD={MODE!r}: expected python, debug, sanitize, or nothing (optimised)")
C_ARGUMENTS = {
    "include_dirs": ["csrc", numpy.get_include()],
    "depends": ["setup.py", *map(str, Path("csrc").rglob("*.[hd]*"))],  # Cython sees .pxi
    "extra_compile_args": [*ALWAYS, *FLAGS.get(MODE, [])],
    "extra_link_args": [] if WINDOWS else [*FLAGS.get(MODE, []), "-lm"],
}
EXTENSIONS = [Extension(f"vargrad/{n}".replace("/", "."), SOURCES[n], **C_ARGUMENTS) for n in SOURCES]


class BuildOrFallBack(build_ext):
    def build_extension(self, ext):
        ext.optional = not (MODE or self.inplace or self.editable_mode)  # then a failure is no error
        ext.cython_c_in_temp = True  # and Cython misses changes of a .pxd that is not beside its source
        self.force = self.force or newer_group(map(str, Path("src").rglob("*.pxd")), self.get_ext_fullpath(ext.name))
        try:
            super().build_extension(ext)
        except Exception as error:  # Cython's and the compiler's share no other base
            Path(self.get_ext_fullpath(ext.name)).unlink(missing_ok=True)  # of an earlier build
            if not ext.optional:
                raise
            print(f"{ext.name} did not compile: pure Python it is ({error!s:.60})", file=sys.stderr)


OPTIONS = {"build": {"build_base": f"build/{MODE or 'release'}"}}  # modes share no object file
setup(ext_modules=EXTENSIONS if MODE != "python" else [], cmdclass={"build_ext": BuildOrFallBack}, options=OPTIONS)
