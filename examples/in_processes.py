"""A compiled function in other processes: the standard library's forkserver, and joblib.

Pickled, a compiled function takes along what it has recorded. A pendulum with friction is swung from many angles; how
many steps it takes until it comes to rest differs from one to the other.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import joblib
import numpy as np

import vargrad
from vargrad import math


@vargrad.compile(max_paths=1000)
def time_to_rest(angle, friction):
    """Seconds until the speed is below a hundredth of its largest; a step of 20 ms, Heun's method."""
    speed, fastest, t = 0 * angle, 0 * angle, 0.0
    while t < 5:
        faster = speed - 0.02 * (9.81 * math.sin(angle) + friction * speed)
        angle = angle + 0.01 * (speed + faster)
        speed = faster
        fastest = math.maximum(fastest, abs(speed))
        t += 0.02
        if t > 1 and abs(speed) < 0.01 * fastest and abs(angle) < 0.01:
            break
    return t + abs(speed) / fastest


def main():
    angles = np.linspace(0.2, 2.0, 400)
    parts = np.array_split(angles, 4)
    frictions = [9.0] * len(parts)
    here = time_to_rest.value_and_grad(angles, 9.0)
    print(f"{time_to_rest.paths} paths: from {here[0].min():.2f} to {here[0].max():.2f} s")
    with ProcessPoolExecutor(2, multiprocessing.get_context("forkserver")) as pool:
        report("forkserver", list(pool.map(time_to_rest.value_and_grad, parts, frictions)), here)
    report("joblib", joblib.Parallel(2)(joblib.delayed(time_to_rest.value_and_grad)(part, 9.0) for part in parts), here)


def report(name, found, here):
    value = np.concatenate([value for value, _ in found])
    slopes = np.concatenate([slopes for _, slopes in found], axis=-1)
    print(f"{name}: equal to the bit: {np.array_equal(value, here[0]) and np.array_equal(slopes, np.array(here[1]))}")


if __name__ == "__main__":
    main()
