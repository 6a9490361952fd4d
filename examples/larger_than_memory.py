"""Maximum likelihood over a Dask array larger than memory: workers sum value and gradient, L-BFGS-B takes the steps.

How long patients live after a treatment, by a Weibull model. Some are still alive when the study ends, and of these
only that is known. A compiled function gives a patient's log-likelihood and its derivatives. A task sums them over one
chunk of the array, and a tree of tasks sums the chunks, always in the same order. A chunk is made when a task needs
it, and forgotten afterwards, as one that is read from a file would be.

    python examples/larger_than_memory.py --kill                        # two workers here, one of which is killed
    python examples/larger_than_memory.py --scheduler tcp://node1:8786  # a cluster that runs already
"""

import argparse
import logging
import os
import signal
import time
from contextlib import nullcontext

import dask
import dask.array as da
import numpy as np
from dask.distributed import Client, LocalCluster
from dask.utils import format_bytes
from distributed.diagnostics import MemorySampler
from scipy.optimize import minimize

import vargrad
from vargrad import math

MARKERS = 10  # what is measured of each patient
TRUE = np.concatenate([[0.3, -1.0], np.linspace(-0.7, 0.7, MARKERS)])  # logarithm of the shape, level, effects
NAMES = ["log shape", "level", *(f"marker {i}" for i in range(MARKERS))]
FAN_IN = 8  # so many results are added by one task


@vargrad.compile(signature="(column),(parameter)->()")
def loss(patient, theta):
    """Minus the log-likelihood of the years until a patient's death, or until the end of the study."""
    years, died, *markers = patient
    shape, level = math.exp(theta[0]), theta[1] + math.dot(theta[2:], markers)
    hazard = math.exp(shape * math.log(years) + level)  # all that has added up by then
    if died:
        return hazard - level - math.log(shape) - (shape - 1) * math.log(years)
    return hazard


def patients(rows, block_id=(0, 0)):
    """A chunk of the array. It depends on its number alone, so it can be made again, whenever and wherever."""
    random = np.random.default_rng(block_id[0])
    markers = random.random((rows, MARKERS)) - 0.5
    scale = np.exp(-TRUE[1] - markers @ TRUE[2:])
    years = (random.standard_exponential(rows) * scale) ** np.exp(-TRUE[0])
    end = 1 + 4 * random.random(rows)  # of the study, which they entered one after the other
    return np.column_stack([np.minimum(years, end), years < end, markers])


def of_chunk(chunk, theta):
    """The loss and its gradient, summed over the rows of a chunk: one short array."""
    value, slopes = loss.value_and_grad(chunk, theta, argnums=1)
    return np.append(value.sum(), slopes.sum(axis=0))


def tree(function, chunks, *arguments):
    """A task for each chunk, and tasks that add up their results. Which ones each of them adds is fixed."""
    parts = [function(chunk, *arguments) for chunk in chunks]
    while len(parts) > 1:
        parts = [dask.delayed(sum)(parts[i : i + FAN_IN]) for i in range(0, len(parts), FAN_IN)]
    return parts[0]


def as_task(function):
    """A function as the result of a task: a worker unpickles it once, and not again for each chunk."""
    return dask.delayed(lambda: function)()


def nothing(number):
    """A task that only has to be handed out."""
    return 0


class MeanLoss:
    """The mean loss of all patients and its gradient, for SciPy's minimize.

    It takes steps from `start`, in units in which the curvature there is about 1 in all directions: `root` is the
    Cholesky factor of the Hessian of a few patients. So it is called a few times only.
    """

    def __init__(self, client, chunks, patients, start, root):
        self.client, self.chunks, self.patients, self.start, self.root = client, chunks, patients, start, root
        self.function = client.persist(as_task(of_chunk))
        self.calls = []  # where it was asked for, what it was there, and the seconds that took

    def theta(self, steps):
        return self.start + np.linalg.solve(self.root.T, steps)

    def __call__(self, steps):
        theta, start = self.theta(steps), time.perf_counter()
        total = self.client.compute(tree(self.function, self.chunks, theta))
        self.at_work()
        found = total.result()
        self.calls.append((theta, found, time.perf_counter() - start))
        return found[0] / self.patients, np.linalg.solve(self.root, found[1:] / self.patients)

    def at_work(self):
        pass


class WithAccident(MeanLoss):
    """A worker is killed when the second sum is half done."""

    def at_work(self):
        if len(self.calls) == 1:
            time.sleep(self.calls[0][2] / 2)
            pid = min(self.client.run(os.getpid).values())
            os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))  # Windows has the latter, and it kills there
            print(f"killed worker {pid}")


def fit(mean_loss, start):
    return minimize(mean_loss, start, jac=True, method="L-BFGS-B", options={"gtol": 1e-7})


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main(options):
    shape = (options.rows,) * options.chunks, (2 + MARKERS,)
    data = da.map_blocks(patients, options.rows, chunks=shape, dtype=float, meta=np.empty((0, 0)))
    chunks = data.to_delayed().ravel()

    first = patients(options.rows)

    def of_first(theta):
        total = of_chunk(first, theta) / options.rows
        return total[0], total[1:]

    start = fit(of_first, np.zeros(TRUE.size)).x
    root = np.linalg.cholesky(loss.hessian(first[:10_000], start, argnums=1).mean(axis=0))

    if options.scheduler:
        cluster = nullcontext(options.scheduler)
    else:
        quiet = {"dashboard_address": None, "silence_logs": logging.CRITICAL}
        cluster = LocalCluster(2, threads_per_worker=1, processes=True, memory_limit=options.limit, **quiet)
    with cluster as place, Client(place) as client:
        workers = client.scheduler_info()["workers"].values()
        limits = ", ".join(format_bytes(worker["memory_limit"]) for worker in workers)
        print(f"{len(data)} patients are {format_bytes(data.nbytes)}; limits of the workers: {limits}")
        mean_loss = (WithAccident if options.kill else MeanLoss)(client, chunks, len(data), start, root)
        memory = MemorySampler()
        with memory.sample("fit", interval=0.1):
            found = mean_loss.theta(fit(mean_loss, np.zeros(TRUE.size)).x)
        theta, there = mean_loss.calls[1][:2]
        idle = seconds(lambda: client.compute(tree(as_task(nothing), range(len(chunks)))).result()) / len(chunks)

    most = max(size for _, size in memory.samples["fit"])
    print(f"largest memory of all workers together: {format_bytes(most)}")
    print(f"{len(mean_loss.calls)} sums over all chunks, {min(call[2] for call in mean_loss.calls):.1f} s the fastest")
    here = tree(as_task(of_chunk), chunks, theta).compute(scheduler="threads")
    print(f"the second one is equal to the local one to the bit: {np.array_equal(here, there)}")
    for name, value, true in zip(NAMES, found, TRUE, strict=True):
        print(f"{name:10} {value:8.4f}, made with {true:8.4f}")
    made = min(seconds(lambda: patients(options.rows)) for _ in range(5))
    summed = min(seconds(lambda: of_chunk(first, start)) for _ in range(5))
    print(f"a chunk takes {1e3 * made:.1f} ms to make and {1e3 * summed:.1f} ms to sum; Dask adds {1e3 * idle:.1f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scheduler", help="address of a running cluster's scheduler; without it, two workers here")
    parser.add_argument("--chunks", type=int, default=120)
    parser.add_argument("--rows", type=int, default=75_000, help="patients of a chunk")
    parser.add_argument("--limit", default="400MB", help="memory of each worker here")
    parser.add_argument("--kill", action="store_true", help="kill a worker on the way")
    main(parser.parse_args())
