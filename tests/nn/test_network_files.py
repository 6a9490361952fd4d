"""Networks in safetensors files: both ways with the library, and every kind of bad file refused by name."""

from __future__ import annotations

import json
import os
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from vargrad import NN, Var, reference
from vargrad.nn import ACTIVATIONS

ANY: Any = NN


def values(model: NN) -> list[float]:
    return [p.value for p in model.parameters]


@pytest.mark.parametrize("var", [Var, reference.Var], ids=["active", "reference"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("arch", [[2, 2, 1], [1, 1], [3, 5, 4, 2]])
def test_what_is_saved_is_loaded(tmp_path: Path, arch: list[int], bias: bool, var: type[Var]) -> None:
    draw = random.Random(1)
    names = [draw.choice(ACTIVATIONS) for _ in arch[1:]]
    model = NN(arch, names, bias=bias, init="normal", seed=2, var=var)
    state = random.getstate()
    model.save(tmp_path / "model.safetensors")
    for again in (NN.load(str(tmp_path / "model.safetensors")), NN.load(tmp_path / "model.safetensors", var=var)):
        assert repr(again) == repr(model)
        assert again.activations == names
        assert values(again) == values(model)
    other = NN(arch, names, bias=bias, seed=3, var=var)
    other.load_parameters(tmp_path / "model.safetensors")
    assert values(other) == values(model)
    assert random.getstate() == state
    assert os.listdir(tmp_path) == ["model.safetensors"]


def test_special_numbers_survive(tmp_path: Path) -> None:
    model = NN([2, 2, 1], seed=0)
    special = [0.1, -0.0, 5e-324, 1.7976931348623157e308, float("inf"), float("-inf"), 1 / 3, 2.0**-1022, -1.5]
    for p, x in zip(model.parameters, special, strict=True):
        p.value = x
    model.save(tmp_path / "m")
    assert list(map(float.hex, values(NN.load(tmp_path / "m")))) == list(map(float.hex, special))


def test_the_library_reads_what_we_write(tmp_path: Path) -> None:
    model = NN([3, 4, 2], ["relu", "identity"], init="torch", seed=1)
    model.save(tmp_path / "m.safetensors")
    found = load_file(tmp_path / "m.safetensors")
    assert {name: (x.shape, x.dtype) for name, x in found.items()} == {
        "0.weight": ((4, 3), np.float64),
        "0.bias": ((4,), np.float64),
        "2.weight": ((2, 4), np.float64),
        "2.bias": ((2,), np.float64),
    }
    hidden = np.maximum(found["0.weight"] @ [0.5, -1.0, 2.0] + found["0.bias"], 0)
    output = found["2.weight"] @ hidden + found["2.bias"]
    assert [y.value for y in model(0.5, -1.0, 2.0)] == pytest.approx(output.tolist(), rel=1e-14)
    with safe_open(tmp_path / "m.safetensors", "np") as file:
        about = json.loads(file.metadata()["vargrad"])
    assert about == {"arch": [3, 4, 2], "activations": ["relu", "identity"], "bias": True}


def tensors(*shapes: tuple[int, ...], dtype: Any = np.float32, step: int = 2) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(7)
    found = {}
    for i, shape in enumerate(shapes):
        found[f"{step * i}.weight"] = draw.normal(size=shape).astype(dtype)
        found[f"{step * i}.bias"] = draw.normal(size=shape[0]).astype(dtype)
    return found


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("prefix", ["", "net.layers."])
@pytest.mark.parametrize("step", [1, 2, 3, 11])
def test_we_read_what_the_library_writes(tmp_path: Path, dtype: Any, prefix: str, step: int) -> None:
    """Also Sequentials with dropout between, a name in front, or without activations."""
    found = tensors((4, 3), (4, 4), (2, 4), dtype=dtype, step=step)
    save_file({prefix + name: x for name, x in found.items()}, tmp_path / "m")
    model = NN.load(tmp_path / "m", "relu", output_activation="identity")
    assert repr(model) == "<NN [3, 4, 4, 2], relu relu identity, 46 parameters>"
    for i, (weights, biases) in enumerate(zip(model.weights, model.biases, strict=True)):
        assert [[w.value for w in row] for row in weights] == found[f"{step * i}.weight"].tolist()
        assert [b.value for b in biases] == found[f"{step * i}.bias"].tolist()
    other = NN([3, 4, 4, 2], "tanh")
    other.load_parameters(tmp_path / "m")
    assert values(other) == values(model)


def test_activations_may_be_named_anew(tmp_path: Path) -> None:
    NN([2, 1], "tanh").save(tmp_path / "m")
    assert NN.load(tmp_path / "m", "relu").activations == ["relu"]
    with pytest.raises(ValueError, match="name both"):
        NN.load(tmp_path / "m", output_activation="relu")


def rebuilt(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the header of a file, by the format alone."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    header = change(header) or header
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + raw[8 + length :])


def about(header: dict[str, Any], **change: Any) -> None:
    """Change what NN.save() says in the metadata."""
    header["__metadata__"]["vargrad"] = json.dumps(json.loads(header["__metadata__"]["vargrad"]) | change)


EMPTY: dict[str, Any] = {"dtype": "F64", "data_offsets": [104, 104]}
BAD_HEADERS: list[tuple[Callable[[dict[str, Any]], Any], list[str]]] = [
    (lambda h: [h], ["a JSON list"]),
    (lambda h: h.update(__metadata__=3), ["__metadata__"]),
    (lambda h: h.update(__metadata__={"a": 3}), ["__metadata__"]),
    (lambda h: h["__metadata__"].update(vargrad="}"), ["metadata under 'vargrad'", "none of NN.save"]),
    (lambda h: h["__metadata__"].update(vargrad="[" * 100_000), ["metadata under 'vargrad'"]),
    (lambda h: h["0.weight"].pop("shape") and None, ["'0.weight'", "expected dtype, shape and data_offsets"]),
    (lambda h: h.update({"0.bias": 3}), ["'0.bias' is described by 3"]),
    (
        lambda h: h["0.weight"].update(dtype="F8_E4M3"),
        ["'0.weight'", "'F8_E4M3'", "F64, F32, F16, BF16"],
    ),
    (lambda h: h["0.weight"].update(dtype=["F64"]), ["'0.weight'", "expected one of F64, F32"]),
    (lambda h: h["0.weight"].update(dtype="F32"), ["'0.weight'", "needs 24 bytes", "takes 48"]),
    (lambda h: h["0.weight"].update(shape=[3, 2, 2]), ["'0.weight'", "needs 96 bytes", "takes 48"]),
    (lambda h: h["0.weight"].update(shape=[-3, -2]), ["'0.weight'", "lists of counts"]),
    (lambda h: h["0.weight"].update(shape=[3.0, 2]), ["'0.weight'", "lists of counts"]),
    (lambda h: h["0.weight"].update(data_offsets=[0]), ["'0.weight'", "lists of counts"]),
    (lambda h: h["0.weight"].update(data_offsets=[10**30, 10**30 + 48]), ["expected 0"]),
    (lambda h: h["0.bias"].update(data_offsets=[0, 24]), ["overlap"]),
    (lambda h: h.pop("2.bias") and None, ["take 96 bytes", "104 follow"]),
    (lambda h: {"1.bias": h["0.bias"]} | h, ["overlap"]),
    (lambda h: {k.replace("0.w", "zero.w"): v for k, v in h.items()}, ["'zero.weight'", "expected '0.weight'"]),
    (lambda h: {k.replace("0.weight", "1.weight"): v for k, v in h.items()}, ["'0.bias' without '0.weight'"]),
    (lambda h: {k.replace("2.", "a.2."): v for k, v in h.items()}, ["several networks", "a"]),
    (lambda h: h["0.weight"].update(shape=[6]), ["'0.weight' has shape (6,)", "(outputs, inputs)"]),
    (lambda h: h["2.weight"].update(shape=[3, 1]), ["'2.weight' has shape (3, 1)", "expected (3, 3)"]),
    (lambda h: h["0.bias"].update(shape=[3] + [1] * 64), ["'0.bias' has shape", "lists of counts"]),
    (lambda h: h.update({"4.weight": EMPTY | {"shape": [10**30, 0]}}), ["'4.weight' has shape", "which no array has"]),
    (lambda h: h.update({"4.weight": EMPTY | {"shape": [0] + [10**4000] * 40}}), ["'4.weight' has shape"]),
    (lambda h: {k.replace("2.", "9" * 5000 + "."): v for k, v in h.items()}, ["9999", "is no name"]),
    (lambda h: {k.replace("2.b", "00.b"): v for k, v in h.items()}, ["'00.bias' is no name"]),
    (lambda h: {k.replace("0.b", "00.b"): v for k, v in h.items()}, ["'00.bias' is no name"]),
    (lambda h: {k.replace("2.", "\u0662."): v for k, v in h.items()}, ["'\u0662.weight' is no name"]),
    (lambda h: {k.replace("2.", "\u00b2."): v for k, v in h.items()}, ["'\u00b2.weight' is no name"]),
    (lambda h: {k.replace("2.", "\ud800.2."): v for k, v in h.items()}, ["several networks", "'\\ud800'"]),
    (lambda h: h.update({"4.weight": EMPTY | {"shape": [0, 2**62]}}), ["'4.weight' has shape", "which no array has"]),
    (lambda h: about(h, activations=["sigmoid", 3]), ["metadata under 'vargrad'", "none of NN.save"]),
    (lambda h: about(h, activations=[["sigmoid"], {}]), ["metadata under 'vargrad'", "none of NN.save"]),
    (lambda h: about(h, activations="sigmoid"), ["metadata under 'vargrad'", "none of NN.save"]),
    (lambda h: h["0.bias"].update(shape=[1, 3]), ["'0.bias' has shape (1, 3)", "expected (3,)"]),
]


@pytest.mark.parametrize(("change", "words"), BAD_HEADERS)
def test_a_bad_header_is_refused(tmp_path: Path, change: Callable[[dict[str, Any]], Any], words: list[str]) -> None:
    path = tmp_path / "m"
    NN([2, 3, 1]).save(path)
    rebuilt(path, change)
    model = NN([2, 3, 1], seed=0)
    before = values(model)
    for load in (model.load_parameters, NN.load):
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            load(path)
        assert [word for word in [str(path), *words] if word not in str(caught.value)] == []
    assert values(model) == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["it has 0 bytes"]),
        (b"1234567", ["it has 7 bytes"]),
        (b"\xff" * 20, ["announce a header of 18446744073709551615 bytes", "12 follow"]),
        (b"PK\x03\x04" + b"\0" * 40, ["a zip archive, as torch.save", "safetensors.torch.save_file"]),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9" + b"\0" * 40, ["a pickle, as torch.save", "safetensors.torch.save_file"]),
        (pickle.dumps({"0.weight": [1.0] * 20}), ["it is a pickle"]),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 40, ["an HDF5 file, as Keras"]),
        (b"\x93NUMPY\x01\x00" + b"\0" * 40, ["numpy.save"]),
        ((2).to_bytes(8, "little") + b"\xff\xff", ["header cannot be read"]),
        ((2).to_bytes(8, "little") + b"{}", ["has no tensors"]),
        ((100_000).to_bytes(8, "little") + b"[" * 100_000, ["header cannot be read"]),
        ((15).to_bytes(8, "little") + b'{"a":1,"a":1}  ', ["a name is there twice"]),
        ((8).to_bytes(8, "little") + b'{"a": 1}', ["'a' is described by 1"]),
    ],
)
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes, words: list[str]) -> None:
    path = tmp_path / "m"
    path.write_bytes(content)
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        NN.load(path)
    assert [word for word in [str(path), *words] if word not in str(caught.value)] == []


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no /dev/zero")
def test_a_device_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match=r"/dev/zero: no safetensors file .*it is no regular file"):
        NN.load("/dev/zero")


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m"
    NN([2, 2, 1]).save(path)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="no safetensors file"):
            NN.load(path)
    path.write_bytes(whole + b"\0")
    with pytest.raises(ValueError, match="its tensors take 72 bytes, and 73 follow"):
        NN.load(path)


def test_a_damaged_file_is_loaded_or_refused(tmp_path: Path) -> None:
    """A bit changed anywhere: ValueError or a network, nothing else."""
    path, draw = tmp_path / "m", random.Random(0)
    NN([2, 2, 1]).save(path)
    whole = path.read_bytes()
    outcomes = set()
    for _ in range(300):
        raw = bytearray(whole)
        raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
        path.write_bytes(raw)
        try:
            outcomes.add(str(NN.load(path, "tanh").arch))
        except ValueError:
            outcomes.add("refused")
    assert outcomes == {"[2, 2, 1]", "refused"}


def test_the_networks_must_fit(tmp_path: Path) -> None:
    path = tmp_path / "m"
    NN([2, 3, 1], "tanh", seed=1).save(path)
    save_file(tensors((3, 2), (1, 3)), tmp_path / "torch")
    cases: list[tuple[Callable[[], Any], list[str]]] = [
        (lambda: NN([2, 2, 1], "tanh").load_parameters(path), ["holds a network [2, 3, 1]", "<NN [2, 2, 1]"]),
        (lambda: NN([2, 3, 1], "tanh", bias=False).load_parameters(path), ["[2, 3, 1]", "no bias"]),
        (lambda: NN([2, 3, 1], "relu").load_parameters(path), ["activations tanh, tanh", "relu", "NN.load(path)"]),
        (lambda: NN.load(tmp_path / "torch"), ["holds a network [2, 3, 1]", "not its activations"]),
        (lambda: NN.load(tmp_path / "torch", "rleu"), ["did you mean 'relu'"]),
    ]
    for call, words in cases:
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            call()
        assert [word for word in words if word not in str(caught.value)] == []
    rebuilt(path, lambda h: h["__metadata__"].update(vargrad=json.dumps({"arch": [2, 1], "activations": []})))
    with pytest.raises(ValueError, match="another network than its tensors"):
        NN.load(path)
    some = tensors((3, 2), (1, 3))
    del some["2.bias"]
    save_file(some, tmp_path / "some")
    with pytest.raises(ValueError, match="all or none"):
        NN.load(tmp_path / "some", "tanh")
    with pytest.raises(FileNotFoundError):
        NN.load(tmp_path / "nothing")


def test_parameters_that_are_computed_cannot_be_loaded_into(tmp_path: Path) -> None:
    NN([2, 1], seed=1).save(tmp_path / "m")
    model = NN([2, 1], seed=0)
    before = values(model)
    model.parameters[2] += 1
    with pytest.raises(ValueError, match=r"parameters\[2\] was put into the list"):
        model.load_parameters(tmp_path / "m")
    assert values(model) == [*before[:2], before[2] + 1]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m"
    NN([2, 1], seed=1).save(path)
    before = path.read_bytes()

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        NN([2, 2, 1]).save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["m"]
    with pytest.raises(FileNotFoundError):
        NN([2, 1]).save(tmp_path / "folder" / "m")


def test_what_the_metadata_names_is_known_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "m"
    for change, words in (
        ({"activations": ["sigmoid", "mish"]}, "activation 'mish'"),
        ({"task": ["labels"]}, "task|was"),
    ):
        NN([2, 3, 1]).save(path)
        rebuilt(path, lambda h, change=change: about(h, **change))
        with pytest.raises(ValueError, match=words) as caught:
            NN.load(path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("kind", ["F16", "BF16"])
def test_half_precision(tmp_path: Path, kind: str) -> None:
    """All 65,536 numbers of each kind, against their definition."""
    codes = np.arange(65536, dtype=np.uint16)
    wide, point = (5, 10) if kind == "F16" else (8, 7)
    sign, power, rest = codes >> 15, (codes >> point) & (2**wide - 1), codes & (2**point - 1)
    bias, top = 2 ** (wide - 1) - 1, 2**wide - 1
    sizes = [
        (np.nan if m else np.inf) if e == top else np.ldexp(m, 1 - bias - point) if e == 0 else
        np.ldexp(m + 2**point, int(e) - bias - point)
        for e, m in zip(power.tolist(), rest.tolist(), strict=True)
    ]  # fmt: skip
    expected = np.where(sign, -1.0, 1.0) * sizes
    header = {"0.weight": {"dtype": kind, "shape": [256, 256], "data_offsets": [0, 131072]}}
    text = json.dumps(header).encode()
    (tmp_path / "m").write_bytes(len(text).to_bytes(8, "little") + text + codes.astype("<u2").tobytes())
    with np.errstate(all="raise"):
        model = NN.load(tmp_path / "m", "identity")
    np.testing.assert_array_equal(model.parameters.values, expected)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(model.parameters.values)[number], np.signbit(expected)[number])
