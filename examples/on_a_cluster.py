"""Implied volatilities of many quotes on a Dask cluster of processes, with their derivatives.

The solver is written for one quote; how often its loop runs depends on the quote. The compiled function travels to the
workers with what was recorded, and records there what is new.
"""

import logging

import dask.array as da
import numpy as np
from dask.distributed import Client, LocalCluster

import vargrad
from vargrad import math


def call(strike, vol):
    """Black and Scholes, spot 100, one year, no interest."""
    d1 = math.log(100 / strike) / vol + vol / 2
    return 50 * (math.erfc(-d1 / math.sqrt(2)) - strike / 100 * math.erfc((vol - d1) / math.sqrt(2)))


@vargrad.compile
def implied(price, strike):
    """Newton's method, from where the price is steepest in the volatility."""
    vol = math.sqrt(2 * abs(math.log(100 / strike))) + 0.01
    for _ in range(50):
        d1 = math.log(100 / strike) / vol + vol / 2
        step = (call(strike, vol) - price) / (100 * math.exp(-(d1**2) / 2) / math.sqrt(2 * math.pi))
        vol = vol - step
        if abs(step) < 1e-12:
            break
    return vol


def with_slopes(price, strike):
    """What a chunk becomes: volatility, and its derivatives by price and strike."""
    vol, (by_price, by_strike) = implied.value_and_grad(price, strike)
    return vol, by_price, by_strike


def main():
    rng = np.random.default_rng(0)
    strikes, vols = rng.uniform(80, 125, 200_000), rng.uniform(0.1, 0.6, 200_000)
    prices = vargrad.compile(call)(strikes, vols)
    here = with_slopes(prices, strikes)
    quiet = {"dashboard_address": None, "silence_logs": logging.ERROR}
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, processes=True, **quiet)
    with cluster, Client(cluster):
        chunks = [da.from_array(x, chunks=25_000) for x in (prices, strikes)]
        lazy = da.apply_gufunc(with_slopes, "(),()->(),(),()", *chunks, output_dtypes=[float] * 3)
        there = da.compute(*lazy)
    print(f"{len(vols)} quotes, {implied.paths} paths: so many ways through the solver's loop")
    print(f"volatilities differ from those that made the prices by at most {np.abs(there[0] - vols).max():.1e}")
    equal = [bool(np.array_equal(a, b)) for a, b in zip(there, here, strict=True)]
    print(f"equal on the cluster and here, to the bit: {equal}")


if __name__ == "__main__":
    main()
