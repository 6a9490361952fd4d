"""From one point to another around the Earth in a given time: SciPy's root, the Jacobian from a compiled function.

The flight is integrated step by step, with shorter steps where the Earth is near: a loop whose length depends on the
launch. The Jacobian says how the place of arrival changes with the launch; shooting is then Newton's method.
"""

import numpy as np
from scipy.optimize import root

import vargrad
from vargrad import math

EARTH = 398600.4418  # gravity times mass, km³/s²
START = np.array([7000.0, 0.0])  # km
TARGET = np.array([-8000.0, 9000.0])
FLIGHT = 4500.0  # s


def pull(x, y):
    r = math.hypot(x, y)
    return -EARTH * x / r**3, -EARTH * y / r**3


def flight(vx, vy):
    """Where a launch with that velocity, in km/s, arrives; and in how many steps (Runge and Kutta's)."""
    x, y = START.tolist()
    t, steps = 0.0, 0
    while t < FLIGHT:
        h = 10.0 if x * x + y * y < 9000.0**2 else 30.0
        h = min(h, FLIGHT - t)
        ax, ay = pull(x, y)
        bx, by = pull(x + h / 2 * vx, y + h / 2 * vy)
        cx, cy = pull(x + h / 2 * (vx + h / 2 * ax), y + h / 2 * (vy + h / 2 * ay))
        dx, dy = pull(x + h * (vx + h / 2 * bx), y + h * (vy + h / 2 * by))
        x, y = x + h * (vx + h / 6 * (ax + bx + cx)), y + h * (vy + h / 6 * (ay + by + cy))
        vx, vy = vx + h / 6 * (ax + 2 * bx + 2 * cx + dx), vy + h / 6 * (ay + 2 * by + 2 * cy + dy)
        t += h
        steps += 1
    return x, y, steps


@vargrad.compile(signature="(2)->(2)")
def miss(v):
    x, y, _ = flight(*v)
    return [(x - TARGET[0]) / 1000, (y - TARGET[1]) / 1000]


found = root(miss, [1.0, 8.5], jac=miss.jacobian, tol=1e-12)
vx, vy = found.x
x, y, steps = flight(vx, vy)
print(f"launch with {vx:.6f}, {vy:.6f} km/s: {found.message}")
print(f"arrives at {x:.3f}, {y:.3f} km after {FLIGHT:g} s, in {steps} steps")
print(f"{found.nfev} flights, {found.njev} Jacobian(s), {miss.paths} ways of changing the step recorded")
print("a launch faster by 1 m/s across or up arrives elsewhere, by so many km:")
print(miss.jacobian(found.x))
