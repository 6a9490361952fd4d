"""The examples of compile beside SciPy, Dask, joblib, xarray and processes: what they print, by independent means."""

from __future__ import annotations

import contextlib
import io
import math
import re
import runpy

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicSpline
from scipy.optimize import curve_fit, root
from scipy.stats import weibull_min

from examples import EXAMPLES, numbers, run


def test_smile() -> None:
    output = run("smile.py")
    fits = {
        name: (float(loss), int(steps), float(off))
        for name, loss, steps, off in re.findall(r"^(\S+) +loss (\S+) in +(\d+) steps, .* most (\S+)$", output, re.M)
    }
    assert list(fits) == ["Nelder-Mead", "BFGS", "trust-exact", "trust-krylov"]
    for name in ("BFGS", "trust-exact", "trust-krylov"):
        assert fits[name][0] == pytest.approx(fits["BFGS"][0], rel=1e-2)
        assert fits[name][0] < 29 * 0.00005**2  # no worse than the rounding of the quotes
        assert fits[name][2] < 1e-5
        assert fits[name][1] < fits["Nelder-Mead"][1] / 10
    table = numbers(r"(?m)^ *(\d+\.\d) +(\S+) % ", output)
    assert len(table) == 8
    a, b, rho, m, sigma = 0.02, 0.10, -0.40, 0.05, 0.15
    for strike, percent in table:
        k = math.log(strike / 100) - 0.02 * 0.5 - m
        variance = a + b * (rho * k + math.hypot(k, sigma))
        assert percent == pytest.approx(100 * math.sqrt(variance / 0.5), abs=0.006)


def bateman(time: np.ndarray, uptake: float, loss: float, volume: float, lag: float) -> np.ndarray:
    since = np.maximum(time - lag, 0.0)
    return 500.0 / volume * uptake / (uptake - loss) * (np.exp(-loss * since) - np.exp(-uptake * since))


def test_dose() -> None:
    output = run("dose.py")
    times, true = np.linspace(0.1, 24, 60), (1.2, 0.25, 30.0, 0.6)
    measured = bateman(times, *true) * (1 + 0.03 * np.random.default_rng(5).standard_normal(60))
    found, covariance = curve_fit(bateman, times, measured, p0=true, xtol=1e-14, ftol=1e-14)
    printed = numbers(r", (?:1/h|l|h) +(\S+) \+- (\S+), made with (\S+)", output)
    assert [value for *_, value in printed] == list(true)
    for (x, error, _), expected, variance in zip(printed, found, np.diag(covariance), strict=True):
        assert x == pytest.approx(expected, abs=0.0015)
        assert error == pytest.approx(math.sqrt(variance), abs=0.0015)
    sums = [x for (x,) in numbers(r"sum of squares (\S+),", output)]
    assert sums == [pytest.approx(np.sum((bateman(times, *found) - measured) ** 2), rel=1e-6)] * 2
    assert "2 paths" in output


def arrival(velocity: np.ndarray) -> np.ndarray:
    """The same flight by SciPy, to many digits."""

    def motion(_: float, state: np.ndarray) -> list[float]:
        x, y, vx, vy = state
        pull = -398600.4418 / math.hypot(x, y) ** 3
        return [vx, vy, pull * x, pull * y]

    state = solve_ivp(motion, (0, 4500), [7000, 0, *velocity], method="DOP853", rtol=1e-12, atol=1e-9).y[:2, -1]
    return np.array(state)


def test_orbit() -> None:
    output = run("orbit.py")
    [launch] = numbers(r"launch with (\S+), (\S+) km/s: The solution converged", output)
    assert numbers(r"arrives at (\S+), (\S+) km", output) == [(-8000.0, 9000.0)]
    v = np.array(launch)
    assert arrival(v) == pytest.approx([-8000, 9000], abs=0.5)
    columns = [(arrival(v + h) - arrival(v - h)) / 2e-3 / 1000 for h in np.eye(2) * 1e-3]
    matrix = numbers(r"\[ *(\S+) +([^\s\]]+)\]", output)
    assert np.array(matrix) == pytest.approx(np.column_stack(columns), rel=1e-3)


def test_on_a_cluster() -> None:
    output = run("on_a_cluster.py")
    assert "200000 quotes" in output
    assert numbers(r"by at most (\S+)", output)[0][0] < 1e-13
    assert "to the bit: [True, True, True]" in output


def test_larger_than_memory() -> None:
    """Each worker's limit is less than the array; the first sums are compared with SciPy's own distribution."""
    output = run("larger_than_memory.py", "--kill", "--limit", "320MB", "--chunks", "45")
    [size, *limits, most] = numbers(r"(\d+\.\d+) MiB", output)
    assert len(limits) == 2
    assert max(limits) < size
    assert most[0] < 2 * limits[0][0]
    assert len(re.findall(r"^killed worker \d+$", output, re.M)) == 1
    assert "equal to the local one to the bit: True" in output
    made = numbers(r"(?m)^(?:log shape|level|marker \d) +(\S+), made with +(\S+)$", output)
    assert len(made) == 12
    assert all(found == pytest.approx(true, abs=0.01) for found, true in made)

    program = runpy.run_path(str(EXAMPLES / "larger_than_memory.py"))
    chunk, theta = program["patients"](1000, (7, 0)), program["TRUE"] + 0.1
    years, died, markers = chunk[:, 0], chunk[:, 1] > 0, chunk[:, 2:]

    def expected(theta: np.ndarray) -> float:
        shape = np.exp(theta[0])
        law = weibull_min(shape, scale=np.exp(-(theta[1] + markers @ theta[2:]) / shape))
        return -float(np.where(died, law.logpdf(years), law.logsf(years)).sum())

    total = program["of_chunk"](chunk, theta)
    assert total[0] == pytest.approx(expected(theta), rel=1e-12)
    steps = 1e-6 * np.eye(12)
    slopes = [(expected(theta + step) - expected(theta - step)) / 2e-6 for step in steps]
    assert total[1:] == pytest.approx(slopes, rel=1e-5, abs=1e-4)


def test_in_processes() -> None:
    output = run("in_processes.py")
    assert re.findall(r"^(\w+): equal to the bit: (\w+)$", output, re.M) == [("forkserver", "True"), ("joblib", "True")]
    [(paths, first, last)] = numbers(r"(\d+) paths: from (\S+) to (\S+) s", output)
    assert paths > 5
    assert 1 < first < last < 6


def test_labelled() -> None:
    output = run("labelled.py")
    felt, slopes = output.split("and how much")
    hours = np.arange(0, 24, 4)
    assert numbers(r"hour +" + r" +".join([r"(\d+)"] * 6), felt) == [tuple(hours)]
    row = r" +".join([r"(-?\d+\.\d+)"] * 6)
    for place, mean in (("Tromso", -12.0), ("Bergen", 4.0), ("Lisbon", 18.0)):
        air = mean + 5 * np.sin((hours - 9) / 24 * 2 * np.pi)
        wind = 14 + 12 * np.cos(hours / 24 * 2 * np.pi)
        cold = (air <= 10) & (wind >= 4.8)
        chill = 13.12 + 0.6215 * air + (0.3965 * air - 11.37) * wind**0.16
        slope = (0.3965 * air - 11.37) * 0.16 * wind ** (0.16 - 1)
        assert numbers(place + " +" + row, felt)[0] == pytest.approx(np.where(cold, chill, air), abs=0.0501)
        assert numbers(place + " +" + row, slopes)[0] == pytest.approx(np.where(cold, slope, 0.0), abs=0.00501)


def test_kalman() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as printed:  # in this process: the program's variables are needed
        program = runpy.run_path(str(EXAMPLES / "kalman.py"))
    output = printed.getvalue()
    seen, f, g, h = (program[name] for name in ("seen", "F", "G", "H"))
    size = len(seen)

    def all_at_once(theta: np.ndarray) -> float:
        """The same likelihood without a filter: one normal distribution of all measurements."""
        process, sensor = np.exp(2.0 * theta)
        states = np.zeros((size, 4, 4))  # covariance of each state
        states[0] = f @ f.T + process * g @ g.T
        for k in range(1, size):
            states[k] = f @ states[k - 1] @ f.T + process * g @ g.T
        whole = np.zeros((2 * size, 2 * size))
        for k in range(size):
            later = states[k]
            for m in range(k, size):
                block = h @ later @ h.T
                whole[2 * m : 2 * m + 2, 2 * k : 2 * k + 2] = block
                whole[2 * k : 2 * k + 2, 2 * m : 2 * m + 2] = block.T
                later = f @ later
        whole += sensor * np.eye(2 * size)
        return 0.5 * float(seen.ravel() @ np.linalg.solve(whole, seen.ravel()) + np.linalg.slogdet(whole)[1])

    ((start, found, _),) = numbers(r"loss (\S+) at the start, (\S+) found with derivatives in (\d+)", output)
    best = program["fit"].x
    assert start == pytest.approx(all_at_once(program["start"]), abs=0.01)
    assert found == pytest.approx(all_at_once(best), abs=2e-6)
    assert numbers(r"differences: (\S+) in", output) == [(pytest.approx(found, abs=1e-5),)]
    assert all(all_at_once(best + step) > all_at_once(best) for step in np.vstack([np.eye(2), -np.eye(2)]) * 0.01)
    rates = numbers(r" (\S+) \+- (\S+), made with (\S+)", output)
    assert [x for x, *_ in rates] == pytest.approx(np.exp(best), abs=1e-4)
    assert all(abs(x - true) < 3 * error for x, error, true in rates)


def test_yield_curve() -> None:
    output = run("yield_curve.py")
    years, quotes = np.array([0.5, 1.0, 2.0, 5.0, 10.0]), np.array([99.1, 99.6, 99.2, 99.0, 99.5])

    def price(rates: np.ndarray, coupon: float, until: float) -> float:
        curve, times = CubicSpline(years, rates, bc_type="natural"), np.arange(0.5, until + 0.25, 0.5)
        return float(coupon / 2 * np.exp(-curve(times) * times).sum() + 100.0 * np.exp(-curve(until) * until))

    def solved(wanted: np.ndarray) -> np.ndarray:
        def missed(rates: np.ndarray) -> list[float]:
            return [price(rates, c, y) - q for c, y, q in zip((0.0, 1.5, 2.0, 2.5, 3.0), years, wanted, strict=True)]

        found: np.ndarray = root(missed, np.full(5, 0.02), tol=1e-13).x
        return found

    assert [x for _, x in numbers(r"(\S+) years: (\S+) %", output)] == pytest.approx(100 * solved(quotes), abs=1e-4)
    assert numbers(r"and 2.75 %: (\S+)", output) == [(pytest.approx(price(solved(quotes), 2.75, 7.0), abs=1e-4),)]
    for (_, slope), step in zip(
        numbers(r"of +(\S+) years rises by 1 it moves by (\S+)", output), np.eye(5), strict=True
    ):
        up, down = (price(solved(quotes + h * step), 2.75, 7.0) for h in (1e-3, -1e-3))
        assert slope == pytest.approx((up - down) / 2e-3, abs=2e-4)
