"""Optimal control by collocation: SciPy's trust-constr with a sparse Jacobian and the Lagrangian's sparse Hessian.

A cart starts at rest and has to stop one metre further after one second, against a drag that grows with the square of
its speed, with the least effort. Position, speed and force at 41 times are the unknowns; that they obey the law of
motion from each time to the next are the constraints. Each of these depends on a handful of unknowns.
"""

from itertools import pairwise

import numpy as np
from scipy.optimize import NonlinearConstraint, minimize

import vargrad
from vargrad import math

STEPS, DRAG = 40, 0.5
SIZE = STEPS + 1


def split(z):
    return z[:SIZE], z[SIZE : 2 * SIZE], z[2 * SIZE :]


def effort(z):
    force = split(z)[2]
    total = 0.0
    for before, after in pairwise(force):
        total = total + (before * before + after * after) / (2 * STEPS)
    return total


def defects(z):
    """By how much the law of motion is missed, and start and end."""
    position, speed, force = split(z)
    found = [position[0], speed[0], position[-1] - 1.0, speed[-1]]
    for k in range(STEPS):
        now = force[k] - DRAG * speed[k] ** 2
        then = force[k + 1] - DRAG * speed[k + 1] ** 2
        found.append(position[k + 1] - position[k] - (speed[k] + speed[k + 1]) / (2 * STEPS))
        found.append(speed[k + 1] - speed[k] - (now + then) / (2 * STEPS))
    return found


cost = vargrad.compile(effort, signature="(n)->()")
constraints = vargrad.compile(defects, signature="(n)->(m)")
weighted = vargrad.compile(lambda z, multipliers: math.dot(multipliers, defects(z)), signature="(n),(m)->()")


def main() -> None:
    times = np.linspace(0.0, 1.0, SIZE)
    start = np.concatenate([times, np.ones(SIZE), np.zeros(SIZE)])
    found = minimize(
        cost,
        start,
        method="trust-constr",
        jac=cost.grad,
        hess=lambda z: cost.hessian(z, sparse=True),
        constraints=NonlinearConstraint(
            constraints,
            0.0,
            0.0,
            jac=lambda z: constraints.jacobian(z, sparse=True),
            hess=lambda z, multipliers: weighted.hessian(z, multipliers, argnums=0, sparse=True),
        ),
        options={"maxiter": 200, "gtol": 1e-8},
    )
    rows, _ = constraints.pattern("jacobian", start)
    print(f"{start.size} unknowns, {rows.max() + 1} constraints, {len(rows)} entries in their Jacobian")
    position, speed, force = split(found.x)
    print(f"effort {found.fun:.4f} after {found.nit} steps, law of motion missed by {found.constr_violation:.1e}")
    print(f"force {force[0]:.3f} at the start and {force[-1]:.3f} at the end, top speed {speed.max():.3f}")
    print(f"half way after {np.interp(0.5, position, times):.3f} s")


if __name__ == "__main__":
    main()
