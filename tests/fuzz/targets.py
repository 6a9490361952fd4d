"""What the fuzzers feed, target by target: where inputs begin, how they are changed, and what must hold for any bytes.

A target is called with bytes. Refusing them in the way that is documented is right, and so is to work; anything else is
raised, and is a finding. A crash of the process is one, too.
"""

from __future__ import annotations

import contextlib
import io
import pickle
import pickletools
import random
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import changes
import programs as drawn
import recorded
import vargrad
from twins import MODULES, PURE, keys, load
from vargrad import NN, Var
from vargrad._cli import main as command
from vargrad._cli.expression import CONSTANTS, FUNCTIONS, Expression, Mistake
from vargrad._compile.compiled import restore

FOLDER = Path(tempfile.mkdtemp(prefix="vargrad-fuzz-"))
TWINS = [load(name) for name in MODULES if not (PURE and name == "compiled")]


class Finding(AssertionError):
    """What must hold does not."""


@dataclass(frozen=True)
class Target:
    """A name of .ci/fuzz."""

    run: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]
    change: Callable[[bytes, random.Random], bytes] = changes.of_bytes


# ---- programs: both twins and plain floats, as tests/core/test_differential.py compares them


@given(drawn.programs())
def _program(program: drawn.Program) -> None:
    logs = []
    expected = drawn.run(program, drawn.Plain()).log
    for impl in TWINS:
        ran = drawn.run(program, drawn.Twin(impl))
        if ran.log != expected:
            raise Finding(f"{impl} and plain floats differ: {program}")
        logs.append(drawn.act(program, ran))
    if logs.count(logs[0]) != len(logs):
        raise Finding(f"the twins' derivatives differ: {program}")


def programs(data: bytes) -> None:
    """Hypothesis reads a program from the bytes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vargrad.ZeroDerivativeWarning)  # a program may end in a rounding
        _program.hypothesis.fuzz_one_input(data)  # type: ignore[attr-defined]


def random_bytes() -> list[bytes]:
    """Programs to begin with."""
    return [random.Random(seed).randbytes(600) for seed in range(20)]


# ---- functions: compiled, and row by row

ROWS = st.lists(st.tuples(*[recorded.NUMBERS] * 3), min_size=1, max_size=6)


@given(recorded.STEPS, ROWS)
def _function(steps: recorded.Steps, rows: list[tuple[float, ...]]) -> None:
    f = recorded.function(steps)
    compiled = vargrad.compile(lambda x, y, z: f(x, y, z))
    value, gradient = compiled.value_and_grad(*map(np.array, zip(*rows, strict=True)))
    for i, row in enumerate(rows):
        slopes = recorded.eager(f, row, vargrad.grad)
        if not recorded.close(value[i], f(*row)) or not recorded.close([g[i] for g in gradient], slopes):
            raise Finding(f"compiled and eager differ: {steps} at {row}")


def functions(data: bytes) -> None:
    """Hypothesis reads a function and rows from the bytes."""
    _function.hypothesis.fuzz_one_input(data)  # type: ignore[attr-defined]


# ---- files of networks


def network_files() -> list[bytes]:
    """What NN.save() writes."""
    models = [
        NN([2, 3, 1], seed=0),
        NN([1, 1], "relu", bias=False, seed=1),
        NN([2, 2, 2], ["tanh", "identity"], seed=2),
    ]
    models[0].fit([[0.0, 1.0], [1.0, 0.0]], [1.0, 0.0], epochs=1)
    models[0].scalers["x"] = vargrad.data.Scaler().fit([[0.0, 1.0], [2.0, 3.0]])
    found = []
    for model in models:
        model.save(FOLDER / "seed")
        found.append((FOLDER / "seed").read_bytes())
    return found


def network_file(data: bytes) -> None:
    """Load, and use."""
    path = FOLDER / "network"
    path.write_bytes(data)
    try:
        model = NN.load(path)
    except ValueError as error:
        _begins(error, str(path))
        return
    with contextlib.suppress(ArithmeticError):
        model(*[0.5] * model.arch[0])
    model.predict([[0.5] * model.arch[0]] * 2)
    model.save(FOLDER / "again")
    if keys(NN.load(FOLDER / "again").parameters) != keys(model.parameters):
        raise Finding("what was loaded and saved is loaded as another network")


def _begins(error: Exception, path: str) -> None:
    if not str(error).startswith(path):
        raise Finding(f"a refusal that does not name the file: {error}") from error


# ---- files of compiled functions


def compiled() -> Any:
    """A function with a branch, a leaf, a rounding, vectors: all that such a file can have."""
    leaf = Var(2.0, requires_grad=True)

    def f(a: Any, x: Any) -> Any:
        y = vargrad.math.maximum(a, x[0], 0.5) * leaf + x[1].detach()
        return y * y if a > 0 else y / abs(vargrad.math.floor(a))

    f = vargrad.compile(f, signature="(),(n)->()")
    f(np.array([1.0, -1.5]), np.array([1.0, 2.0]))
    return f


def compiled_files() -> list[bytes]:
    """What save() writes."""
    found = []
    for f in (compiled(), vargrad.compile(lambda x: x * x)):
        if len(found) == 1:
            f(1.5)
        f.save(FOLDER / "seed")
        found.append((FOLDER / "seed").read_bytes())
    return found


def compiled_file(data: bytes) -> None:
    """Load, and call."""
    path = FOLDER / "compiled"
    path.write_bytes(data)
    try:
        f = vargrad.load_compiled(path)
    except ValueError as error:
        _begins(error, str(path))
        return
    use(f)


def use(f: Any) -> None:
    """Call a function that was read in the usual ways; it may take other arguments, or a path that it has not."""
    a, x = np.array([1.0, -1.5, -2.5]), np.arange(1.0, 3.0)
    for arguments in ((a, x), (1.5, [1.0, 2.0]), (a,), (1.5,)):
        for call in (f, f.grad, f.hessian, f.backward):
            # TypeError and ValueError: its arguments are others
            with contextlib.suppress(TypeError, ValueError, vargrad.RecordingError, ArithmeticError):
                call(*arguments)
        with contextlib.suppress(TypeError, ValueError, vargrad.RecordingError):
            f.to_c(*arguments, name="f")


# ---- pickles


def compiled_state() -> tuple[Any, ...]:
    """What is in a compiled function's pickle, but for its Python function, which cloudpickle would add as bytecode."""
    with mock.patch.dict(sys.modules, {"cloudpickle": None}):
        made: tuple[Any, ...] = compiled().__reduce__()[1]
    return made


def pickles() -> list[bytes]:
    """Of each kind of object that has a pickle of its own, by each protocol.

    None with arrays: NumPy restores their types without looking at what it is given.
    """
    x = Var(0.5, requires_grad=True)
    model = NN([2, 2, 1], seed=0)
    kept: list[Any] = [
        x,
        vargrad.reference.Var(1.5),
        [x, x, Var(2.0)],
        model,
        model.parameters,
        vargrad.optim.Adam([x]),
        compiled_state(),
    ]
    found = [pickle.dumps(it, protocol) for it in kept for protocol in (0, 2, 5)]
    return [data for data in found if b"numpy" not in data]


def _names() -> set[tuple[str, str]]:
    """The modules' names in these pickles: another one may do anything, and pickle says so itself."""

    class Named(pickle._Unpickler):  # type: ignore[misc,name-defined]
        found: ClassVar[set[tuple[str, str]]] = set()

        def find_class(self, module: str, name: str) -> Any:
            self.found.add((module, name))
            return super().find_class(module, name)

    for data in pickles():
        Named(io.BytesIO(data)).load()
    return Named.found


class Known(pickle._Unpickler):  # type: ignore[misc,name-defined]
    """Reads no names but those; in Python, because the one in C makes a table as long as an index in the pickle."""

    names: ClassVar[set[tuple[str, str]]] = set()

    def find_class(self, module: str, name: str) -> Any:
        """Refuse the others."""
        self.names = type(self).names = self.names or _names()
        if (module, name) not in self.names:
            raise pickle.UnpicklingError(f"{module}.{name}")
        return super().find_class(module, name)


def a_pickle(data: bytes) -> None:
    """Read, and use. Any exception is right that says something of the pickle; SystemError is of the interpreter."""
    if len(data) > 100_000 or any(op.name == "EXT4" for op in _opcodes(data)):
        return
    try:
        it = Known(io.BytesIO(data)).load()
        repr(it)
        for v in it if type(it) is list else [it]:
            if isinstance(v, (Var, vargrad.reference.Var)):
                (v * v + 1.0).backward()
            elif isinstance(v, NN):
                v(*[0.5] * v.arch[0]).backward()
            elif isinstance(v, vargrad.optim.Adam):
                v.step()
        if type(it) is tuple:
            it = restore(*it)
            use(it)
    except Exception as error:
        if isinstance(error, SystemError):
            raise
        return
    if type(it) is not vargrad.Compiled:
        pickle.dumps(it)


def _opcodes(data: bytes) -> list[Any]:
    try:
        return [op for op, _, _ in pickletools.genops(data)]
    except Exception:
        return []


# ---- expressions of the command line

WORDS = [
    *sorted(FUNCTIONS),
    *CONSTANTS,
    *"xyz+-*/%()[],.<>=^&|~@!'",
    "**",
    "//",
    "==",
    " if ",
    " else ",
    " not ",
    " and ",
]
WORDS += ["0", "1", "2.5", "1e308", "1e-320", "10**400", "0x1f", "1j", "True", "lambda", "x.y", "\\", "é", "²", "\x00"]


def expressions() -> list[bytes]:
    """Some of each kind."""
    found = ["(x**2 + 3)**2 + y", "sin(x) / x if x != 0 else 1", "dot([x, 2], [x, y]) - max(x, y, 1)", "-x**-y % 2.5"]
    found += ["where(x > 0, exp(-x), log(y, 2))", "x if 0 < x < 5 and not x == 2 else -x", "1 / (x - 0.5)", "z"]
    return [text.encode() for text in found]


def expression(data: bytes) -> None:
    """The command says a number or a mistake, and both twins say the same."""
    text = data.decode("utf-8", "surrogateescape")
    point = {"x": 0.5, "y": -2.0}
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            status = command(["grad", "--", text, *(f"{name}={value}" for name, value in point.items())])
        except SystemExit as left:  # by argparse
            status = left.code
    if status not in (0, 1, 2) or (status == 0) != (err.getvalue() == "") or (status == 0) != (out.getvalue() != ""):
        raise Finding(f"{text!r}: status {status}, {out.getvalue()!r}, {err.getvalue()!r}")
    logs = [_computed(text, point, impl) for impl in TWINS]
    if logs.count(logs[0]) != len(logs):
        raise Finding(f"{text!r}: {logs}")


def _computed(text: str, point: dict[str, float], impl: Any) -> Any:
    variables = {name: impl.Var(value, requires_grad=True) for name, value in point.items()}
    try:
        read = Expression(text)
        result = read.compute({name: variables.get(name, 1.0) for name in read.names}, impl.math)
    except Mistake as error:
        # Cython words a wrong number of arguments as C functions do, Python as Python functions
        return error.status if "argument" in str(error) else str(error)
    except KeyError as error:
        raise Finding(f"{text!r} reads {error}") from error
    if isinstance(result, impl.Var):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result.backward()
    return keys([result, *(v.grad for v in variables.values())])


TARGETS: dict[str, Target] = {
    "programs": Target(programs, random_bytes),
    "functions": Target(functions, random_bytes),
    "pickles": Target(a_pickle, pickles, changes.of_pickle),
    "safetensors": Target(network_file, network_files, changes.of_safetensors),
    "saved": Target(compiled_file, compiled_files, changes.of_npz),
    "expressions": Target(expression, expressions, changes.of_words(WORDS)),
}
