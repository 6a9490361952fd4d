"""A Kalman filter by maximum likelihood: how noisy a sensor is and how restless the thing it follows, by L-BFGS-B.

The log-likelihood is written with NumPy's matrices; compile gives its gradient through np.linalg.solve and slogdet.
"""

import numpy as np
from scipy.optimize import minimize

import vargrad
from vargrad import math

STEPS = 200
TRUE = np.array([0.05, 0.4])  # standard deviations of the acceleration and of the sensor
DT = 0.5

rng = np.random.default_rng(8)
speed = np.cumsum(DT * TRUE[0] * rng.standard_normal((STEPS, 2)), axis=0)
seen = np.cumsum(DT * speed, axis=0) + TRUE[1] * rng.standard_normal((STEPS, 2))

F = np.block([[np.eye(2), DT * np.eye(2)], [np.zeros((2, 2)), np.eye(2)]])  # positions and speeds, one step on
G = np.vstack([DT**2 * np.eye(2), DT * np.eye(2)])  # what an acceleration adds
H = np.hstack([np.eye(2), np.zeros((2, 2))])  # positions are seen


@vargrad.compile(signature="(n)->()")
def loss(theta):
    """Minus the log-likelihood, of the logarithms of both deviations."""
    process, sensor = (math.exp(2.0 * v) for v in theta)
    x, p = vargrad.array(np.zeros(4)), vargrad.array(np.eye(4))
    total = 0.0
    for y in seen:
        x, p = F @ x, F @ p @ F.T + process * (G @ G.T)
        error, s = y - H @ x, H @ p @ H.T + sensor * np.eye(2)
        gain = np.linalg.solve(s, H @ p).T
        total = total + 0.5 * (error @ np.linalg.solve(s, error) + np.linalg.slogdet(s).logabsdet)
        x, p = x + gain @ error, p - gain @ H @ p
    return total


start = np.log([0.5, 0.1])
fit = minimize(loss.value_and_grad, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-8})
plain = minimize(loss, start, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-8})
print(f"loss {loss(start):.2f} at the start, {fit.fun:.6f} found with derivatives in {fit.nfev} evaluations")
print(f"by differences: {plain.fun:.6f} in {plain.nfev} evaluations")
print(f"gradient at the end: at most {np.abs(loss.grad(fit.x)).max():.1e}")

errors = np.sqrt(np.diag(np.linalg.inv(loss.hessian(fit.x))))  # of the logarithms
for name, x, error, true in zip(["acceleration", "sensor"], fit.x, errors, TRUE, strict=True):
    print(f"{name:12} {math.exp(x):.4f} +- {math.exp(x) * error:.4f}, made with {true:g}")
