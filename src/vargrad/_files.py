"""Files that appear complete or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TypeAlias

PathLike: TypeAlias = str | os.PathLike[str]


@contextmanager
def replacing(path: PathLike) -> Iterator[IO[bytes]]:
    """A file to write bytes into, which takes the place of ``path`` once the block is through; else nothing changes."""
    path = os.fspath(path)
    beside = f"{path}.{secrets.token_hex(4)}.tmp"  # in the same folder, from where it can be renamed
    try:
        with open(beside, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        if os.path.exists(beside):
            os.remove(beside)
        raise
