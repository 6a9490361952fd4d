"""kernels.txt: what it is made of has not changed, and what it says is what the machine's kernels compute."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from replay import NAMES
from vargrad._native import kernels
from vargrad._native.module import FAR, ISAS, Module
from vargrad._native.steps import Step

ROOT = Path(__file__).resolve().parents[2]
SPECIAL = [0.0, 1.0, np.inf, 5e-324, 1e308, 2.0**21, 2.0**21 + 1, 1e22, 0.5, 2.0, 710.0, 745.2, 1e-300, 3.0, 0.25]


@functools.cache
def generator() -> Any:
    sys.path.insert(0, str(ROOT / "csrc/vm/native"))
    try:
        import gen_kernels
    finally:
        sys.path.pop(0)
    return gen_kernels


def test_every_line_is_of_the_source_as_it_is_now() -> None:
    """A line may be missing: such an operation is a call. One that is out of date would give other numbers."""
    digests, sources = generator().digests(), generator().rows()
    found: Counter[str] = Counter()
    for line in kernels.lines():
        name, arity, where, digest, _ = line.split(" ", 4)
        assert digest == digests[name], f"{name}: run python csrc/vm/native/gen_kernels.py"
        assert arity == sources[name][0]
        found[name] += 2 if where == "both" else 1
    assert {"exp", "log", "erf", "erf_given", "tanh", "pow", "add", "select"} <= set(found)
    assert set(found.values()) <= {1, 2}


def test_it_is_what_the_generator_writes(tmp_path: Path) -> None:
    """Where there is the clang that it was written by."""
    pytest.importorskip("ziglang", reason="ziglang is not installed")
    script = f"import gen_kernels; from pathlib import Path; gen_kernels.TARGET = Path({str(tmp_path / 'k')!r}); "
    subprocess.run(
        [sys.executable, "-c", script + "gen_kernels.main()"], cwd=ROOT / "csrc/vm/native", check=True, timeout=300
    )
    assert (tmp_path / "k").read_bytes() == (ROOT / "src/vargrad/_native/kernels.txt").read_bytes()


@pytest.fixture(scope="module")
def machine(compiled: Any) -> ModuleType:
    pytest.importorskip("llvmlite", reason="llvmlite is not installed")
    import vargrad._vm.machine_c

    return vargrad._vm.machine_c


def numbers(seed: int) -> Any:
    rng = np.random.default_rng(seed)
    special = np.array(SPECIAL + [-x for x in SPECIAL] + [np.nan, 1.0])
    pairs = np.stack(
        [special.repeat(len(special)), np.tile(special, len(special)), rng.permutation(special.repeat(32))]
    )
    near, wide = rng.standard_normal((3, 2048)), rng.standard_normal((3, 2048)) * 10.0 ** rng.uniform(-300, 300, 2048)
    bits = rng.integers(-(2**63), 2**63, (3, 4096)).view(float)
    return np.ascontiguousarray(np.concatenate([pairs, near, wide, bits], axis=1))


def computed(name: str, isa: str, given: Any, machine: ModuleType) -> Any:
    """An operation as machine code, over arrays."""
    import ctypes

    from vargrad._native import blocks, engine, steps

    module = Module(ISAS[isa], machine.native_kernels(isa), Counter({name: 1}))
    arity = machine.native_names()[2][name]
    block = blocks.Block([Step(4, name, tuple(range(1, 1 + arity)))], 1, 3, 1, {}, {})
    names = list(blocks.write(module, block, steps.cut(block.steps, [], Counter()), "f"))
    code = engine.compiled(module.text(), names, ISAS[isa])
    out = np.empty(given.shape[1])
    pointers = (ctypes.c_void_p * 5)(None, *[row.ctypes.data for row in given], out.ctypes.data)
    call = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t)(code.addresses[0])
    call(ctypes.addressof(pointers), len(out))
    return out


def differences(name: str, isa: str, machine: ModuleType) -> int:
    """In how many rows machine code and the machine's kernel differ; every nan is the same."""
    given = numbers(len(name))
    given = np.ascontiguousarray(given[:, : given.shape[1] // 8 * 8])
    found, expected = computed(name, isa, given, machine), np.empty(given.shape[1])
    machine.kernel(name, isa, given[0], given[1], expected, given[2])
    same = (found.view(np.int64) == expected.view(np.int64)) | (np.isnan(found) & np.isnan(expected))
    return int((~same).sum())


@pytest.mark.parametrize("name", [name for name in NAMES if name != "round"])
def test_each_operation_to_the_bit(name: str, machine: ModuleType) -> None:
    """At special values and their pairs, and at random, on every instruction set; far angles and calls too."""
    assert {isa: differences(name, isa, machine) for isa in machine.instruction_sets()} == dict.fromkeys(
        machine.instruction_sets(), 0
    )


@pytest.mark.parametrize("name", ["exp", "log", "erf", "tanh", "add"])
def test_a_wrong_kernel_is_noticed(name: str, machine: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """One coefficient that is a little off, or one operand in another's place."""
    isa = machine.instruction_sets()[-1]
    right = kernels.table(ISAS[isa].fma)[name]
    wrong = [list(part) for part in right.instructions]
    at = [(i, j) for i, part in enumerate(wrong) for j, text in enumerate(part) if text[0] == "#" and part[0] == "fma"]
    if at:
        i, j = at[len(at) // 2]
        wrong[i][j] = f"#{int(wrong[i][j][1:], 16) ^ (1 << 48):016x}"
    else:
        wrong[0][1] = wrong[0][2]
    table = kernels.table(ISAS[isa].fma) | {name: kernels.Kernel(name, right.arity, tuple(map(tuple, wrong)))}
    monkeypatch.setattr("vargrad._native.module.table", lambda fma: table)
    assert name not in FAR
    assert differences(name, isa, machine) > 0
