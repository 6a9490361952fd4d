"""The examples that use sparse derivatives: what they print is right."""

import runpy

import numpy as np
import pytest
from scipy.optimize import minimize

from examples import EXAMPLES, numbers, run


def test_bundle_adjustment() -> None:
    output = run("bundle_adjustment.py")
    ((rows, columns, entries),) = numbers(r"Jacobian: (\d+) x (\d+), (\d+) entries", output)
    assert (rows, columns) == (2 * 8 * 300, 6 * 8 + 3 * 300)
    assert entries <= 9 * rows
    ((difference,),) = numbers(r"difference: (\S+)", output)
    assert difference < 1e-8
    ((start, found, noise),) = numbers(r": (\S+) at the start, (\S+) found, (\S+) is noise", output)
    assert found == pytest.approx(noise * np.sqrt(1 - columns / rows), rel=0.02)
    assert start > 10 * noise


def test_optimal_control() -> None:
    output = run("optimal_control.py")
    assert numbers(r"(\d+) unknowns, (\d+) constraints, (\d+) entries", output) == [(123, 84, 4 + 40 * 8)]
    ((effort, _, missed),) = numbers(r"effort (\S+) after (\d+) steps, law of motion missed by (\S+)", output)
    assert missed < 1e-9

    program = runpy.run_path(str(EXAMPLES / "optimal_control.py"))
    start = np.concatenate([np.linspace(0.0, 1.0, 41), np.ones(41), np.zeros(41)])
    bound = {"type": "eq", "fun": lambda z: np.array(program["defects"](z))}
    other = minimize(program["effort"], start, method="SLSQP", constraints=bound, options={"maxiter": 100})
    assert effort == pytest.approx(other.fun, rel=1e-4)  # by differences
    ((first, last, _),) = numbers(r"force (\S+) at the start and (\S+) at the end, top speed (\S+)", output)
    assert first == pytest.approx(6.0, abs=0.1)
    assert last == pytest.approx(-6.0, abs=0.1)


def test_soap_film() -> None:
    output = run("soap_film.py")
    ((size, _, entries),) = numbers(r"Hessian: (\d+) x (\d+), (\d+) entries", output)
    assert size == 900
    assert entries == 900 + 2 * (2 * 30 * 29 + 29 * 29)  # neighbours above, beside and along one diagonal
    areas = numbers(r"step \d: area (\S+), gradient (\S+)", output)
    assert [area for area, _ in areas] == sorted((area for area, _ in areas), reverse=True)
    assert areas[-1][1] < 1e-12
