"""A model that tensors do not fit: neurons that integrate a current until they fire, some soon and some late.

How many steps that takes depends on the current, and on the parameters that we are about to learn. So it is a `while`
loop. compile() records it once for each number of steps that occurs, and replays all measurements together.
"""

from time import perf_counter

import numpy as np

import vargrad
from vargrad import Var, optim

STEP = 2.0  # ms


def latency(current, tau, threshold, delay):
    """When a leaky neuron fires, in ms after its current was switched on."""
    voltage, last, time = 0.0, 0.0, 0.0
    while voltage < threshold:
        if time > 150:
            return delay + time + threshold - voltage  # silent: the closer to firing, the better
        last = voltage
        voltage = voltage + STEP * (current - voltage / tau)
        time += STEP
    return delay + time - STEP * (voltage - threshold) / (voltage - last)  # somewhere within the last step


# What was measured: currents, and when the neuron fired, to a fifth of a millisecond. Its parameters are unknown.
TRUE = {"tau, ms": 20.0, "threshold, mV": 12.0, "delay, ms": 3.0}
rng = np.random.default_rng(0)
currents = rng.uniform(0.65, 3.0, 4000)
times = np.array([latency(current, *TRUE.values()) for current in currents.tolist()]) + rng.normal(0, 0.2, 4000)

START = [30.0, 15.0, 0.0]
parameters = [Var(start, requires_grad=True) for start in START]


def error(current, time):
    return (latency(current, *parameters) - time) ** 2 / len(currents)


together = vargrad.compile(error)


def compiled():
    """The loss, the mean of squares, whose derivatives are added to each .grad."""
    return together.backward(currents, times)


def one_by_one():
    """The same by the article's means."""
    loss = 0.0
    for current, time in zip(currents.tolist(), times.tolist(), strict=True):
        part = error(current, time)
        part.backward()
        loss += part.value
    return loss


def train(method, steps, lr=0.4):
    """The loss and the parameters before each step."""
    for p, start in zip(parameters, START, strict=True):
        p.value = start
    optimizer = optim.Adam(parameters, lr=lr)
    path = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = method()
        path.append([loss, *(p.value for p in parameters)])
        optimizer.step()
    return np.array(path)


path = train(compiled, 200)
print(f"step  off by, ms  {'  '.join(TRUE)}")
for step in [0, 10, 20, 50, 100, 150, 199]:
    loss, tau, threshold, delay = path[step]
    print(f"{step:4}  {loss**0.5:10.4f}  {tau:7.4f}  {threshold:13.4f}  {delay:9.4f}")
print(f"made with         {'  '.join(f'{value:{len(name)}.4f}' for name, value in TRUE.items())}")
print(f"{together.paths} different numbers of steps were recorded\n")

seconds = []
for method in compiled, one_by_one:
    begun = perf_counter()
    again = train(method, 20)
    seconds.append(perf_counter() - begun)
    print(
        f"{method.__name__:10}  {seconds[-1]:.3f} s for 20 steps, differs by at most {abs(again - path[:20]).max():.1e}"
    )
print(f"compiled is {seconds[1] / seconds[0]:.0f} times as fast")
