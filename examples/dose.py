"""How a body takes up a drug: SciPy's least_squares, with the Jacobian from a compiled function of one measurement.

Before the lag there is nothing in the blood, an `if` like any other; each measurement follows its own branch.
"""

import numpy as np
from scipy.optimize import least_squares

import vargrad
from vargrad import math

NAMES = ["uptake, 1/h", "loss, 1/h", "volume, l", "lag, h"]
TRUE = np.array([1.2, 0.25, 30.0, 0.6])
DOSE = 500.0  # mg


@vargrad.compile
def concentration(uptake, loss, volume, lag, time):
    """Bateman's function: mg/l in the blood so many hours after the dose."""
    if time <= lag:
        return 0 * volume
    since = time - lag
    return DOSE / volume * uptake / (uptake - loss) * (math.exp(-loss * since) - math.exp(-uptake * since))


times = np.linspace(0.1, 24, 60)
rng = np.random.default_rng(5)
measured = concentration(*TRUE, times) * (1 + 0.03 * rng.standard_normal(len(times)))


def residuals(p):
    return concentration(*p, times) - measured


def jacobian(p):
    return np.column_stack(concentration.grad(*p, times, argnums=(0, 1, 2, 3)))


start = np.array([3.0, 0.1, 10.0, 0.3])
for name, jac in ("differences", "2-point"), ("compiled", jacobian):
    fit = least_squares(residuals, start, jac=jac, x_scale="jac", xtol=1e-14, ftol=1e-14, gtol=1e-14)
    slope = np.abs(jacobian(fit.x).T @ fit.fun).max()
    print(f"{name:12} sum of squares {2 * fit.cost:.9f}, its gradient at most {slope:.1e}, {fit.nfev} steps")

errors = np.sqrt(np.diag(np.linalg.inv(fit.jac.T @ fit.jac)) * 2 * fit.cost / (len(times) - len(fit.x)))
for label, x, error, true in zip(NAMES, fit.x, errors, TRUE, strict=True):
    print(f"{label:12} {x:7.3f} +- {error:.3f}, made with {true:g}")
print(f"{concentration.paths} paths were recorded: before the lag, and after it")
