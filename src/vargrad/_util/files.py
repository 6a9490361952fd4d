"""Files that appear complete or not at all."""

from __future__ import annotations

import errno
import io
import os
import secrets
import stat
from types import TracebackType
from typing import IO, Any, TypeAlias

PathLike: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]


def name_of(path: Any) -> str:
    """A path, or an open file's, as text for error messages."""
    if not hasattr(path, "read") and not hasattr(path, "write"):
        return os.fsdecode(path)
    return str(getattr(path, "name", path))


def require_binary(file: Any, mode: str) -> None:
    """TypeError for a file that is open for text; ``mode``: the one to open it with."""
    if isinstance(file, io.TextIOBase):
        raise TypeError(f"{name_of(file)} is open for text, expected bytes: open it with mode {mode!r}")


class replacing:
    """A file to write bytes into, which takes the place of ``path`` once the block is through; else nothing changes.

    The new file has the old one's mode, and where ``path`` is a symbolic link, the file it points to is replaced. What
    is no regular file, such as a pipe or a device, is written to as it is, and so is a file that is open already: there
    is nothing to replace.

    After the file is in its place nothing can fail any more. What is left of an interrupted block is removed at last
    by ``__del__``.
    """

    _file: IO[bytes] | None = None
    _beside = ""

    def __init__(self, path: PathLike | IO[bytes]) -> None:
        self._open: Any = path if hasattr(path, "write") else None
        require_binary(self._open, "wb")
        self._path = "" if self._open is not None else os.fsdecode(path)  # type: ignore[arg-type]

    def __enter__(self) -> IO[bytes]:
        if self._open is not None:
            return self._open  # type: ignore[no-any-return]
        self._path = os.path.realpath(self._path)
        self._mode = _mode(self._path)
        if self._mode is not None and not stat.S_ISREG(self._mode):
            self._file = open(self._path, "wb")  # IsADirectoryError for a folder
            return self._file
        # In the same folder, from where it can be renamed; the name may be as long as a name can be, so it is left out.
        self._beside = os.path.join(os.path.dirname(self._path), f".{secrets.token_hex(8)}.tmp")
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
                if self._beside:
                    os.fsync(self._file.fileno())
                self._file.close()
                if self._beside:
                    if self._mode is not None:
                        os.chmod(self._beside, stat.S_IMODE(self._mode))
                    os.replace(self._beside, self._path)
                self._beside = ""
        finally:
            self._remove()
        if isinstance(error, Exception) and without_memory(error):
            raise MemoryError from error

    def _remove(self) -> None:
        if self._file is not None:
            self._file.close()
        if self._beside:
            if os.path.exists(self._beside):
                os.remove(self._beside)
            self._beside = ""

    def __del__(self) -> None:
        self._remove()


def _mode(path: str) -> int | None:
    """The mode of what is at this path, links followed; None if nothing is. OSError for links in a circle."""
    if os.path.islink(path):  # realpath() has followed all links, so these lead to themselves
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None


def without_memory(error: BaseException | None) -> bool:
    """Whether refused memory is what stands behind an error: zipfile then says that a file is still open."""
    while error is not None:
        if isinstance(error, MemoryError) or "can't allocate" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
