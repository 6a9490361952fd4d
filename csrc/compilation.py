"""How setup.py compiles: flags that give Python's numbers whatever the environment asks for, and the fallback.

``VARGRAD_BUILD=python|debug|sanitize`` chooses the mode. On Windows ``CC=clang-cl`` compiles for AVX2 and AVX-512 too,
as GCC and clang do elsewhere; Microsoft's compiler does not. ``SOURCE_DATE_EPOCH``, seconds since 1970, makes the bytes
of sdist and wheels follow from the sources alone.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import sys
import sysconfig
import tarfile
from pathlib import Path
from typing import Any

from setuptools.command.build_ext import build_ext  # Cython's, where Cython is installed
from setuptools.command.sdist import sdist
from setuptools.modified import newer_group

ALWAYS = ["/fp:precise", "/std:c11", "/FIcsrc/ieee.h"]
LINKED = []
if WINDOWS := sys.platform == "win32":
    FLAGS = {"": ["/O2"], "debug": ["/Od", "/UNDEBUG"], "sanitize": ["/fsanitize=address"]}
    if CLANG := "clang-cl" in Path(os.environ.get("CC", "")).name:
        ALWAYS += ["/clang:-ffp-contract=off", "/clang:-fno-math-errno", "/clang:-fno-trapping-math"]
else:  # the twins agree to the bit. These flags come behind CFLAGS, also behind a -ffast-math or -Ofast in there, which
    # would link a start file, too, that makes every subnormal number of the whole process 0
    LINKED = ["-fno-fast-math", "-fno-unsafe-math-optimizations"]
    ALWAYS = [*LINKED, "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-include", "csrc/ieee.h"]
    DEBUG = ["-g", "-UNDEBUG", "-Wall"]
    SANITIZE = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
    FLAGS = {"": ["-O3", "-g0", "-fvisibility=hidden"], "debug": ["-O0", *DEBUG], "sanitize": [*SANITIZE, *DEBUG]}
if (MODE := os.environ.get("VARGRAD_BUILD", "")) not in (*FLAGS, "python"):
    sys.exit(f"VARGRAD_BUILD={MODE!r}: expected python, debug, sanitize, or nothing (optimised)")
COMPILE = [*ALWAYS, *FLAGS.get(MODE, [])]
LINK = [] if WINDOWS else [*LINKED, *FLAGS.get(MODE, []), "-lm"]
if sys.platform == "linux" and not MODE:
    LINK.append("-Wl,--strip-all")
STAMP = Path("build/compiled-with.txt")  # newer than what was compiled otherwise, so that it is compiled anew
NAMES = ["CC", "CFLAGS", "CPPFLAGS", "LDFLAGS", "LDSHARED", "ARCHFLAGS", "CL", "_CL_", "LINK", "SDKROOT"]


def stamp() -> str:
    """The path of a file that changes when compiler, flags or the mode do."""
    chosen = {name: os.environ.get(name) or sysconfig.get_config_var(name) for name in NAMES}
    text = "\n".join(f"{name}={text}" for name, text in chosen.items()) + f"\n{COMPILE}\n{LINK}\n"
    if not STAMP.exists() or STAMP.read_text(encoding="utf-8") != text:
        STAMP.parent.mkdir(exist_ok=True)
        STAMP.write_text(text, encoding="utf-8")
    return str(STAMP)


class BuildOrFallBack(build_ext):
    """Compiles all extensions, or none where one of them does not compile: then the package is pure Python."""

    def build_extensions(self) -> None:
        """Fall back in a plain build, for somebody who wants to use it: not in a mode, nor in an editable install."""
        for ext in self.extensions:
            ext.depends.append(stamp())
        if WINDOWS and CLANG:  # setuptools looks for cl.exe alone; clang-cl takes its arguments
            self.compiler.initialize()
            self.compiler.cc = shutil.which(os.environ["CC"])
            if self.compiler.cc is None:
                sys.exit(f"CC={os.environ['CC']!r}: there is no such program; it comes with LLVM")
        try:
            super().build_extensions()
        except Exception as error:  # Cython's and the compiler's share no other base
            if MODE or self.inplace or self.editable_mode:
                raise
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
            why = f"{why:.200}; what the compiler said is above"
            print(f"vargrad did not compile: pure Python it is ({why})", file=sys.stderr)
            self._become_pure()

    def build_extension(self, ext: Any) -> None:
        """As everywhere, but for .pxd files that are not beside their source: Cython misses changes of those."""
        ext.cython_c_in_temp = True
        self.force = self.force or newer_group(map(str, Path("src").rglob("*.pxd")), self.get_ext_fullpath(ext.name))
        try:
            super().build_extension(ext)
        except BaseException:
            self._remove(ext)  # of an earlier build
            raise

    def swig_sources(self, sources: list[str], extension: Any) -> list[str]:
        """Cython's C is there by now. It names a file of NumPy, in isolated builds in another folder each time."""
        for path in map(Path, sources):
            if path.suffix == ".c" and path.is_relative_to(self.build_temp):
                text = path.read_text(encoding="utf-8")
                named = re.sub(r'"[^"\n]*/(numpy/__init__\.[\w.-]*pxd)"', r'"\1"', text)
                if named != text:
                    path.write_text(named, encoding="utf-8")
        return list(super().swig_sources(sources, extension))

    def _remove(self, ext: Any) -> None:
        Path(self.get_ext_fullpath(ext.name)).unlink(missing_ok=True)

    def _become_pure(self) -> None:
        """Let no wheel be named as one with extensions: pip keeps it, and would install it again and again."""
        for ext in self.extensions:
            self._remove(ext)
        self.extensions, self.distribution.ext_modules = [], []
        wheel = self.distribution.get_command_obj("bdist_wheel", create=False)
        if wheel is not None:
            wheel.root_is_pure = True


class SameBytes(sdist):
    """An sdist that holds neither the time nor the user of its making, if SOURCE_DATE_EPOCH is set."""

    def make_archive(self, *args: Any, **kwargs: Any) -> str:
        """As setuptools, and packed again."""
        made = str(super().make_archive(*args, **kwargs))
        moment = os.environ.get("SOURCE_DATE_EPOCH")
        if moment and made.endswith(".tar.gz"):
            again = f"{made}.new"
            with (
                tarfile.open(made) as old,
                open(again, "wb") as file,
                gzip.GzipFile("", "wb", 9, file, int(moment)) as packed,
                tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new,
            ):
                for member in sorted(old.getmembers(), key=lambda member: member.name):
                    content = old.extractfile(member) if member.isfile() else None
                    mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
                    entry = member.replace(mtime=int(moment), mode=mode, uid=0, gid=0, uname="", gname="")
                    entry.pax_headers = {}  # which has the time too, by the nanosecond
                    new.addfile(entry, content)
            os.replace(again, made)
        return made
