"""How inputs are changed: bytes anywhere, or one part of a file with its lengths and checksums made right again.

Most inputs with a byte changed at random are refused at once, by a checksum or a length. What is changed here gets
further.
"""

from __future__ import annotations

import io
import json
import pickletools
import random
import zipfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Change = Callable[[bytes, random.Random], bytes]
ODD_BYTES = [
    b"",
    b"\0",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\0\0\0\x80",
    b"\xff\xff\xff\x7f",
    b"\xff" * 8,
    b"\0" * 8,
    b"-1",
    b"9" * 20,
]
ODD: list[Any] = [
    None,
    True,
    False,
    -1,
    0,
    1,
    2,
    3,
    7,
    30,
    255,
    2**31 - 1,
    2**31,
    2**63,
    10**40,
    -0.0,
    0.5,
    1e308,
    "",
    "x",
]
ODD += [[], {}, [0], [-1], [[]], [1] * 40, {"x": 1}, "\x00", "é" * 100, "F64", "F16", "one", "list", [0, 8], [2, 3]]


def of_bytes(data: bytes, draw: random.Random) -> bytes:
    """A few places changed: other bits or bytes, a piece removed, repeated, moved, or an odd one put in."""
    found = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 3, 8))):
        at = draw.randrange(len(found) + 1)
        end = min(len(found), at + draw.choice((1, 1, 2, 4, 8, 40)))
        match draw.randrange(6):
            case 0 if at < len(found):
                found[at] ^= 1 << draw.randrange(8)
            case 1 if at < len(found):
                found[at] = draw.randrange(256)
            case 2:
                del found[at:end]
            case 3:
                found[at:at] = found[at:end] * draw.choice((1, 1, 2, 50))
            case 4:
                found[at : draw.choice((at, end))] = draw.choice(ODD_BYTES)
            case _:
                to = draw.randrange(len(found) + 1)
                found[to:to] = found[at:end]
    return bytes(found)


def of_words(words: Sequence[str]) -> Change:
    """Text: words put in, replaced by others, removed."""

    def change(data: bytes, draw: random.Random) -> bytes:
        if draw.random() < 0.2:
            return of_bytes(data, draw)
        text = data.decode("utf-8", "surrogateescape")
        for _ in range(draw.choice((1, 1, 2, 3, 10))):
            at = draw.randrange(len(text) + 1)
            end = min(len(text), at + draw.choice((0, 0, 1, 1, 3, 10)))
            new = draw.choice((*words, text[at : at + draw.randrange(20)], f"({text})"))
            text = text[:at] + new + text[end:]
        return text.encode("utf-8", "surrogateescape")

    return change


# ---- JSON


def of_json(text: bytes, draw: random.Random) -> bytes:
    """Another value in one place, or a name more or less; bytes changed if it is no JSON."""
    try:
        table = json.loads(text)
        places = list(_places(table, ()))
        if draw.random() < 0.1 or not places:
            raise ValueError("bytes this time")
    except (ValueError, RecursionError):
        return of_bytes(text, draw)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        *before, last = draw.choice(places)
        holder = table
        try:
            for key in before:
                holder = holder[key]
            other = draw.choice(places)
            new = draw.choice(ODD) if draw.random() < 0.8 else _at(table, other)
            match draw.randrange(8):
                case 0:
                    del holder[last]
                case 1 if isinstance(holder, dict):
                    holder[draw.choice(("x", "weight", "vargrad", str(last) + "0"))] = new
                case 2 if isinstance(holder, list):
                    holder.insert(last, new)
                case 3 if isinstance(holder[last], (int, float)):
                    holder[last] += draw.choice((-1, 1, -8, 8))
                case _:
                    holder[last] = new
        except (KeyError, IndexError, TypeError, OverflowError):
            continue
    try:
        return json.dumps(table, ensure_ascii=False).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):  # a part of it was put into itself
        return of_bytes(text, draw)


def _at(table: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        table = table[key]
    return table


def _places(x: Any, before: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """The places of all parts, but for a table as a whole."""
    items = x.items() if isinstance(x, dict) else enumerate(x) if isinstance(x, list) else ()
    for key, part in items:
        yield (*before, key)
        yield from _places(part, (*before, key))


# ---- files


def of_safetensors(data: bytes, draw: random.Random) -> bytes:
    """The header, with its length made right, or the numbers behind it, or any byte."""
    length = int.from_bytes(data[:8], "little")
    header, rest = data[8 : 8 + length], data[8 + length :]
    match draw.randrange(10):
        case 0:
            return of_bytes(data, draw)
        case 1 | 2:
            return data[: 8 + length] + of_bytes(rest, draw)
        case 3:
            header = _inner(header, draw)
        case _:
            header = of_json(header, draw)
    return len(header).to_bytes(8, "little") + header + rest


def _inner(header: bytes, draw: random.Random) -> bytes:
    """What NN.save() says of a network is JSON in a text of the JSON."""
    try:
        table = json.loads(header)
        inside = table["__metadata__"]["vargrad"].encode()
        table["__metadata__"]["vargrad"] = of_json(inside, draw).decode("utf-8", "replace")
        return json.dumps(table).encode()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return of_bytes(header, draw)


def of_npz(data: bytes, draw: random.Random) -> bytes:
    """One member of the archive: its JSON, its numbers or any byte of it; or any byte of the whole."""
    if draw.random() < 0.05:
        return of_bytes(data, draw)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
        name = draw.choice(["header.npy"] * 2 * ("header.npy" in members) + [*members])
        members[name] = _member(name, members[name], draw)
    except Exception:  # zipfile has many
        return of_bytes(data, draw)
    if draw.random() < 0.02:
        del members[draw.choice([*members])]
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return made.getvalue()


def _member(name: str, content: bytes, draw: random.Random) -> bytes:
    start = 10 + int.from_bytes(content[8:10], "little")
    numbers = content[start:]
    if draw.random() < 0.1 or not numbers:
        return of_bytes(content, draw)
    if name == "header.npy":
        numbers = of_json(numbers, draw)
        about = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({len(numbers)},), }}".encode()
        about += b" " * (-(len(about) + 11) % 64) + b"\n"
        return content[:8] + len(about).to_bytes(2, "little") + about + numbers
    width = 8 if name in ("numbers.npy", "leaves.npy") else 4  # of a number
    at = draw.randrange(max(1, len(numbers) // width)) * width
    new = draw.choice([*range(-4, 12), draw.randrange(200), 2**31 - 1, -(2**31)]).to_bytes(4, "little", signed=True)
    if width == 8:
        new = draw.randbytes(8) if draw.random() < 0.5 else numbers[-8:]
    return content[:start] + numbers[:at] + new + numbers[at + width :]


def of_pickle(data: bytes, draw: random.Random) -> bytes:
    """Instructions of the pickle removed, repeated, moved, or with another argument; or any byte."""
    try:
        starts = [at for _, _, at in pickletools.genops(data) if at is not None]
    except Exception:  # pickletools has many
        return of_bytes(data, draw)
    if draw.random() < 0.3:
        return of_bytes(data, draw)
    pieces = [data[a:b] for a, b in zip(starts, [*starts[1:], len(data)], strict=True)]
    for _ in range(draw.choice((1, 1, 2, 3))):
        i, j = draw.randrange(len(pieces)), draw.randrange(len(pieces))
        match draw.randrange(5):
            case 0:
                pieces[i] = b""
            case 1:
                pieces.insert(i, pieces[j])
            case 2:
                pieces[i], pieces[j] = pieces[j], pieces[i]
            case 3:
                odd = (
                    b"N",
                    b"K\0",
                    b"K\xff",
                    b"J\xff\xff\xff\xff",
                    b"J\0\0\0\x80",
                    b"G\x7f\xf8" + b"\0" * 6,
                    b")",
                    b"]",
                    b"}",
                    b"\x88",
                )
                pieces[i] = draw.choice(odd)
            case _:
                pieces[i] = pieces[i][:1] + of_bytes(pieces[i][1:], draw)
    return b"".join(pieces)
