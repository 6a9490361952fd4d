"""Reads npz archives that may come from anywhere, with no more memory than the file has bytes.

numpy.load would unpack compressed members of any size and allocate as much memory as an array's header claims. Only
plain arrays, as numpy.savez writes them, are read.
"""

from __future__ import annotations

import io
import math
import os
import re
import stat
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy

from vargrad._compile.validate import Refused, require

Wanted = Mapping[str, tuple[Any, int]]  # names, types and numbers of dimensions
_MEMBERS = 64  # in an archive at most; no version writes as many
_PIPED = 1 << 28  # bytes at most from a pipe or device
_NO_ARCHIVE = "it is truncated, or no npz archive of plain arrays"
_NPY = re.compile(  # NumPy's own way to write it: a dtype of numbers, the order, and the shape
    rb"\{'descr': '([<>|][a-z][0-9]{1,2})', 'fortran_order': (False|True), "
    rb"'shape': \(((?:[0-9]{1,19},? ?){0,32})\), \} *\n"
)


def read_arrays(path: str, wanted: Wanted) -> dict[str, Any]:
    """The arrays of a file. Raises Refused for one that has not all of them, or not as they must be; OSError if the
    file cannot be read."""
    data = _bytes(path)
    require(not data.startswith(b"\x93NUMPY"), "it is one array, not an npz archive")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = _members(archive, wanted, len(data))
            contents = {name: archive.read(info) for name, info in found.items()}
    except (Refused, MemoryError):
        raise
    except Exception as error:  # zipfile raises many kinds for bad archives
        raise Refused(_NO_ARCHIVE) from error
    return {name: _array(name, contents.pop(name), kind, n) for name, (kind, n) in wanted.items()}


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        about = os.fstat(file.fileno())
        regular = stat.S_ISREG(about.st_mode)
        data = file.read(about.st_size if regular else _PIPED + 1)
    require(regular or len(data) <= _PIPED, f"it is no regular file, and has more than {_PIPED} bytes: copy it to one")
    return data


def _members(archive: zipfile.ZipFile, wanted: Wanted, size: int) -> dict[str, zipfile.ZipInfo]:
    """The members with the wanted arrays, which together are no longer than the file."""
    members = archive.infolist()
    require(len(members) <= _MEMBERS, f"it has {len(members)} members, expected {len(wanted)}")
    found = {}
    for name in wanted:
        named = [info for info in members if info.filename == f"{name}.npy"]
        require(len(named) > 0, f"it has no array {name!r}")
        require(len(named) == 1, f"it has {len(named)} arrays {name!r}")
        (found[name],) = named
    for name, info in found.items():
        plain = info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1
        require(plain, f"its array {name!r} is compressed or encrypted: write it with numpy.savez, as save() does")
        require(info.file_size == info.compress_size, f"its array {name!r} is not as long as it says")
    total = sum(info.file_size for info in found.values())
    require(total <= size, f"its arrays are of {total} bytes together, more than the whole file has")
    return found


def _array(name: str, data: bytes, kind: Any, dimensions: int) -> Any:
    """An array from its npy bytes: magic, version, the header's length, the header, the numbers."""
    expected = f"not of {numpy.dtype(kind)} in {dimensions} dimension(s)"
    version = data[6:7]
    width = 2 if version == b"\1" else 4
    start = 8 + width
    stop = start + int.from_bytes(data[8:start], "little")
    header = _NPY.fullmatch(data[start:stop]) if stop - start <= 10_000 else None
    good = data[:6] == b"\x93NUMPY" and version in (b"\1", b"\2", b"\3") and header is not None
    if not good or header is None:
        raise Refused(f"{_NO_ARCHIVE}: its {name!r} is {expected}")
    shape = tuple(int(n) for n in re.findall(rb"[0-9]+", header[3]))
    found = header[1].decode()
    either = {
        numpy.dtype(kind).str,
        numpy.dtype(kind).newbyteorder().str,
    }  # written on a machine of the other byte order
    right = found in either and len(shape) == dimensions
    require(right, f"its array {name!r} is of {found!r} and shape {shape}, {expected}")
    needed = math.prod(shape) * numpy.dtype(kind).itemsize
    there = len(data) - stop
    require(there == needed, f"its array {name!r} of shape {shape} needs {needed} bytes, and has {there}")
    order: Any = "F" if header[2] == b"True" else "C"
    return numpy.frombuffer(data, found, offset=stop).astype(kind, copy=False).reshape(shape, order=order)
