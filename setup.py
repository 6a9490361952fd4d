"""The extensions; how they are compiled: csrc/compilation.py; metadata: pyproject.toml."""

import sys
from pathlib import Path

import numpy
from setuptools import Extension, setup

sys.path.insert(0, "csrc")
from compilation import COMPILE, LINK, MODE, BuildOrFallBack, SameBytes

C = {"_core/var": "tape", "_vm/machine": "vm", "_train/engine": "dense"}  # folders of csrc
SOURCES = {f"{n}_c": [f"src/vargrad/{n}_c.pyx", *map(str, sorted(Path("csrc", C[n]).rglob("*.c")))] for n in C}
IR = "compiled/store.pyx", *[f"pure/{n}.py" for n in ("graph", "templates", "passes", "forward")]
for n in IR:  # typed by _ir/compiled/*.pxd
    SOURCES[f"_ir/compiled/{Path(n).stem}"] = [f"src/vargrad/_ir/{n}"]
C_ARGUMENTS = {
    "include_dirs": ["csrc", numpy.get_include()],
    "depends": ["setup.py", *map(str, Path("csrc").rglob("*.[hdp]*"))],  # Cython sees .pxi
    "extra_compile_args": COMPILE,
    "extra_link_args": LINK,
}
EXTENSIONS = [Extension(f"vargrad/{n}".replace("/", "."), SOURCES[n], **C_ARGUMENTS) for n in SOURCES]
OPTIONS = {"build": {"build_base": f"build/{MODE or 'release'}"}}  # modes share no object file
setup(
    ext_modules=EXTENSIONS if MODE != "python" else [],
    cmdclass={"build_ext": BuildOrFallBack, "sdist": SameBytes},
    options=OPTIONS,
)
