"""Every example runs as a reader runs it, and what it prints is right."""

import ast
import os
import re
from pathlib import Path

import pytest

from examples import AND, EXAMPLES, XOR, assert_learned, numbers, run


def assert_falls(output: str) -> None:
    losses = [x for (x,) in numbers(r"loss: (\S+)", output)]
    assert len(losses) == 10
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] / 20


def assert_derivatives_agree(output: str, count: int) -> None:
    pairs = numbers(r"finite difference (\S+), backward (\S+)", output)
    assert len(pairs) == count
    for approximate, exact in pairs:
        assert approximate == pytest.approx(exact, rel=1e-3)


def test_expression_graph() -> None:
    output = run("expression_graph.py")
    x, y = 53.0, -17.0
    (dx, by_hand), (dy, one) = numbers(r"dz/d[xy] = (\S+), by hand (\S+)", output)
    h = 1e-4
    slope = (((x + h) ** 2 + 3) ** 2 - ((x - h) ** 2 + 3) ** 2) / (2 * h)
    assert dx == by_hand == pytest.approx(slope, rel=1e-9)
    assert dy == one == 1
    assert numbers(r"instead of y: dz/dx = (\S+)", output) == [(dx + 1,)]
    tree = [line.split(":")[0] for line in output.splitlines() if re.match(r" *(add|pow|leaf):", line)]
    assert rebuilt(tree) == ast.dump(ast.parse("(leaf ** leaf + leaf) ** leaf + leaf", mode="eval").body)
    values = [float(v) for v in re.findall(r"(?:add|pow|leaf): (\S+)", output)]
    assert values == [
        pytest.approx(v, rel=1e-5) for v in ((x**2 + 3) ** 2 + y, (x**2 + 3) ** 2, x**2 + 3, x**2, x, 2, 3, 2, y)
    ]


def rebuilt(tree: list[str]) -> str:
    """The expression whose graph is drawn by indentation, as Python's own parser would see it."""
    lines = iter(tree)

    def node() -> ast.expr:
        name = next(lines).strip()
        if name == "leaf":
            return ast.Name(name, ast.Load())
        return ast.BinOp(node(), {"add": ast.Add(), "pow": ast.Pow()}[name], node())

    return ast.dump(node())


def test_and_finite_difference() -> None:
    output = run("and_finite_difference.py")
    assert_learned(output, "&", AND, tables=2)
    assert_derivatives_agree(output, 3)
    assert [h for (h,) in numbers(r"h = (\S+),", output)] == [1, 0.0001]


def test_and_backprop() -> None:
    output = run("and_backprop.py")
    assert_learned(output, "&", AND)
    assert_falls(output)


def test_xor_finite_difference() -> None:
    output = run("xor_finite_difference.py")
    assert_derivatives_agree(output, 9)
    assert_learned(output, "^", XOR)
    assert_falls(output)


def test_xor_backprop() -> None:
    output = run("xor_backprop.py")
    assert_learned(output, "^", XOR)
    assert_falls(output)


def test_numpy_object_arrays() -> None:
    output = run("numpy_object_arrays.py")
    assert_learned(output, "^", XOR)
    assert_falls(output)


def test_irregular() -> None:
    output = run("irregular.py")
    assert_derivatives_agree(output, 2)
    throws = numbers(r"(\S+) m/s across, (\S+) up, (\d+) bounces, (\S+) m at the wall", output)
    assert abs(throws[-1][3] - 1.2) < 0.001
    assert len({bounces for _, _, bounces, _ in throws}) > 2
    for across, up, bounces, height in throws:
        assert simulated(across, up) == (bounces, pytest.approx(height, abs=0.05))


def simulated(across: float, up: float) -> tuple[int, float]:
    """The same throw in small steps of time, rather than from bounce to bounce."""
    x, height, bounces, dt = 0.0, 2.0, 0, 1e-5
    while x < 10:
        x += across * dt
        height += up * dt - 9.81 / 2 * dt**2
        up -= 9.81 * dt
        if height < 0 and up < 0:
            up, bounces = -0.8 * up, bounces + 1
    return bounces, height


def test_torch_beside_as_it_is_here() -> None:
    """Where PyTorch is installed, both find the same; where it is not, the example says so."""
    output = run("torch_beside.py", "200")
    try:
        import torch  # noqa: F401
    except ImportError:
        assert "PyTorch is not installed" in output
        return
    assert max(x for (x,) in numbers(r"differ by at most (\S+)", output)) < 1e-9
    assert len(numbers(r"differ by at most (\S+)", output)) == 2
    [(ours, theirs)] = numbers(r"loss: vargrad (\S+), PyTorch (\S+)", output)
    assert ours == pytest.approx(theirs, rel=1e-9)


def test_torch_beside_without_torch(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('hidden by a test')", encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    assert "pip install torch" in run("torch_beside.py", PYTHONPATH=path)


def test_every_example_is_tested() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parents[1].rglob("test_*.py"))
    assert [path.name for path in EXAMPLES.glob("*.py") if f'"{path.name}"' not in text] == []


def test_every_example_is_listed_in_its_own_words() -> None:
    """By the first line of its docstring."""
    lines = (EXAMPLES / "README.md").read_text(encoding="utf-8").splitlines()
    for path in EXAMPLES.glob("*.py"):
        words = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").splitlines()[0].rstrip(".")
        assert f"| [{path.name}]({path.name}) | {words} |" in lines
