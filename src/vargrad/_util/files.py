"""Files that appear complete or not at all."""

from __future__ import annotations

import os
import secrets
from types import TracebackType
from typing import IO, TypeAlias

PathLike: TypeAlias = str | os.PathLike[str]


class replacing:
    """A file to write bytes into, which takes the place of ``path`` once the block is through; else nothing changes.

    After the file is in its place nothing can fail any more. What is left of an interrupted block is removed at last
    by ``__del__``.
    """

    _file: IO[bytes] | None = None
    _beside = ""

    def __init__(self, path: PathLike) -> None:
        self._path = os.fspath(path)

    def __enter__(self) -> IO[bytes]:
        self._beside = f"{self._path}.{secrets.token_hex(4)}.tmp"  # in the same folder, from where it can be renamed
        try:
            self._file = open(self._beside, "xb")
        except BaseException:
            self._remove()
            raise
        return self._file

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        try:
            if error is None and self._file is not None:
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
                os.replace(self._beside, self._path)
                self._beside = ""
        finally:
            self._remove()
        if isinstance(error, Exception) and without_memory(error):
            raise MemoryError from error

    def _remove(self) -> None:
        if self._beside:
            if self._file is not None:
                self._file.close()
            if os.path.exists(self._beside):
                os.remove(self._beside)
            self._beside = ""

    def __del__(self) -> None:
        self._remove()


def without_memory(error: BaseException | None) -> bool:
    """Whether refused memory is what stands behind an error: zipfile then says that a file is still open."""
    while error is not None:
        if isinstance(error, MemoryError) or "can't allocate" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
