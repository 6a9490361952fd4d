"""The safetensors format: 8 bytes with the header's length, the header in JSON, then the arrays' bytes.

Written here rather than taken from the library of that name, because saving and loading must work wherever NumPy
does, and because refusing a bad file by name is most of the work and would be ours in any case. Reading parses JSON
and copies numbers; nothing is executed. Format: https://huggingface.co/docs/safetensors.
"""

from __future__ import annotations

import io
import json
import math
import os
import stat
import sys
from collections.abc import Mapping
from typing import IO, Any, NoReturn, TypeAlias

import numpy
import numpy.typing

from vargrad._util.files import PathLike, name_of, replacing, require_binary

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]
Path: TypeAlias = PathLike | IO[bytes]
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}  # BF16: the upper half of a float32
_FOREIGN = {  # how files of other formats begin, and what to do with them
    b"PK\x03\x04": "it is a zip archive, as torch.save and numpy.savez write them",
    b"PK\x05\x06": "it is an empty zip archive",
    b"\x80\x02": "it is a pickle, as torch.save wrote them before version 1.6",
    b"\x80\x03": "it is a pickle",
    b"\x80\x04": "it is a pickle",
    b"\x80\x05": "it is a pickle",
    b"\x89HDF": "it is an HDF5 file, as Keras writes them",
    b"\x93NUMPY": "it is an array of numpy.save",
    b"GGUF": "it is a GGUF file",
}
_CURE = "save the tensors by safetensors.torch.save_file(model.state_dict(), path) instead"
_DIMENSIONS = 32  # of arrays; NumPy has no more before version 2
_LIMIT = 100_000_000  # bytes of a header, the format's own


def write(path: Path, arrays: Mapping[str, Array], metadata: Mapping[str, str]) -> None:
    """Write float64 arrays under their names; the file appears complete or not at all."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    end = 0
    for name, x in arrays.items():
        start, end = end, end + x.size * 8
        header[name] = {"dtype": "F64", "shape": list(x.shape), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the arrays begin at a multiple of 8, as the format asks
    with replacing(path) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for x in arrays.values():
            file.write(numpy.ascontiguousarray(x, "<f8").tobytes())


def read(path: Path) -> tuple[dict[str, Array], dict[str, str]]:
    """All arrays of a file, as float64, and its metadata.

    Raises ValueError for a file that is truncated, of another format, inconsistent or of other types than float64,
    float32, float16 and bfloat16, saying what was found and expected; OSError if it cannot be read.
    """
    name = name_of(path)
    if hasattr(path, "read"):
        require_binary(path, "rb")
        raw = path.read()
        if not isinstance(raw, bytes):
            raise TypeError(f"{name}: read() gives {type(raw).__name__}, expected bytes: open it with mode 'rb'")
        return _parsed(name, io.BytesIO(raw), len(raw))
    with open(os.fsdecode(path), "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            _refuse(name, "it is no regular file: copy it to one")
        return _parsed(name, file, about.st_size)


def _parsed(path: str, file: IO[bytes], size: int) -> tuple[dict[str, Array], dict[str, str]]:
    """What read() returns, from the ``size`` bytes of a file; ``path`` is for messages."""
    first = file.read(8)
    length = int.from_bytes(first, "little")
    foreign = next((what for magic, what in _FOREIGN.items() if first.startswith(magic)), None)
    if foreign is not None and length > min(size - 8, _LIMIT):
        _refuse(path, f"{foreign}: {_CURE}")
    if size < 8:
        _refuse(path, f"it has {size} bytes, and the header's length alone takes 8")
    if length > min(size - 8, _LIMIT):
        _refuse(path, f"its first 8 bytes announce a header of {length} bytes, and {size - 8} follow")
    header = _header(path, file.read(length))
    data = file.read(size - 8 - length)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        _refuse(path, "its __metadata__ is no table of texts")
    spans = {name: _span(path, name, entry) for name, entry in header.items()}
    end = 0
    for name, (start, stop) in sorted(spans.items(), key=lambda item: item[1]):
        if start != end:
            _refuse(
                path, f"{name!r:.80} begins at byte {start} of the data, expected {end}: tensors overlap or leave gaps"
            )
        end = stop
    if end != len(data):
        _refuse(path, f"its tensors take {end} bytes, and {len(data)} follow the header")
    arrays = {}
    for name, (start, stop) in spans.items():
        flat = numpy.frombuffer(data[start:stop], _TYPES[header[name]["dtype"]])
        if header[name]["dtype"] == "BF16":
            flat = (flat.astype("<u4") << 16).view("<f4")
        with numpy.errstate(all="ignore"):  # a nan that signals becomes a quiet one
            arrays[name] = flat.astype(numpy.float64).reshape(header[name]["shape"])
    return arrays, metadata


def _refuse(path: str, why: str) -> NoReturn:
    raise ValueError(f"{path}: no safetensors file that can be loaded: {why}")


def _header(path: str, text: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a name is there twice")
        return found

    try:
        header = json.loads(text.decode(), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        _refuse(path, f"its header cannot be read: {error}")
    if not isinstance(header, dict):
        _refuse(path, f"its header is a JSON {type(header).__name__}, expected a table of tensors")
    return header


def _span(path: str, name: str, entry: Any) -> tuple[int, int]:
    """Where a tensor's bytes are, checked against its type and shape."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        _refuse(path, f"{name!r:.80} is described by {entry!r:.80}, expected dtype, shape and data_offsets")
    kind, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(kind, str) or kind not in _TYPES:
        _refuse(path, f"{name!r:.80} is of type {kind!r:.20}, expected one of {', '.join(_TYPES)}")
    if not _counts(shape) or not _counts(offsets) or len(offsets) != 2 or len(shape) > _DIMENSIONS:
        _refuse(
            path, f"{name!r:.80} has shape {shape!r:.60} and data_offsets {offsets!r:.60}, expected lists of counts"
        )
    if math.prod(n or 1 for n in shape) > sys.maxsize // 8:  # as float64
        _refuse(path, f"{name!r:.80} has shape {shape!r:.60}, which no array has")
    taken, needed = offsets[1] - offsets[0], math.prod(shape) * numpy.dtype(_TYPES[kind]).itemsize
    if taken != needed:
        _refuse(path, f"{name!r:.80} of type {kind} and shape {shape!r:.60} needs {needed} bytes, and takes {taken}")
    return offsets[0], offsets[1]


def _counts(x: Any) -> bool:
    return isinstance(x, list) and all(type(n) is int and n >= 0 for n in x)
