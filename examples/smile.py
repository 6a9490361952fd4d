"""Fit a volatility smile to option prices: SciPy's minimize, with gradient and Hessian from a compiled function.

The model is the loss of one list of quotes, written for plain floats, with an `if` for calls and puts. compile() gives
its gradient, its Hessian and Hessian-vector products, which SciPy's Newton methods take as they are.
"""

import numpy as np
from scipy.optimize import minimize

import vargrad
from vargrad import math

SPOT, RATE, YEARS = 100.0, 0.02, 0.5
STRIKES = np.linspace(70, 140, 29).tolist()
TRUE = np.array([0.02, 0.10, -0.40, 0.05, 0.15])  # a, b, rho, m, sigma


def volatility(strike, a, b, rho, m, sigma):
    """Gatheral's SVI: total variance as a hyperbola of the log of strike over forward."""
    k = math.log(strike / SPOT) - RATE * YEARS - m
    return math.sqrt((a + b * (rho * k + math.sqrt(k**2 + sigma**2))) / YEARS)


def price(strike, vol):
    """Black and Scholes: a put below the spot, a call above, as they are traded."""
    spread = vol * math.sqrt(YEARS)
    d1 = (math.log(SPOT / strike) + RATE * YEARS) / spread + spread / 2
    d2 = d1 - spread
    discounted = strike * math.exp(-RATE * YEARS)
    if strike < SPOT:
        return discounted * normal(-d2) - SPOT * normal(-d1)
    return SPOT * normal(d1) - discounted * normal(d2)


def normal(x):
    return math.erfc(-x / math.sqrt(2)) / 2


quotes = [round(price(strike, volatility(strike, *TRUE)), 4) for strike in STRIKES]  # four digits, as a market has


def parameters(p):
    """What the optimiser may choose freely, as a, b, rho, m, sigma within their bounds."""
    return math.exp(p[0]), math.exp(p[1]), math.tanh(p[2]), p[3], math.exp(p[4])


@vargrad.compile(signature="(5)->()")
def loss(p):
    total = 0
    for strike, quote in zip(STRIKES, quotes, strict=True):
        total = total + (price(strike, volatility(strike, *parameters(p))) - quote) ** 2
    return total


start = np.array([np.log(0.05), np.log(0.05), 0.0, 0.0, np.log(0.3)])
runs = {
    "Nelder-Mead": {"fun": loss, "options": {"maxiter": 5000, "maxfev": 5000, "xatol": 1e-9, "fatol": 1e-15}},
    "BFGS": {"fun": loss.value_and_grad, "jac": True, "options": {"gtol": 1e-7}},
    "trust-exact": {"fun": loss.value_and_grad, "jac": True, "hess": loss.hessian, "options": {"gtol": 1e-7}},
    "trust-krylov": {"fun": loss.value_and_grad, "jac": True, "hessp": loss.hvp, "options": {"gtol": 1e-7}},
}
print(
    f"{len(quotes)} quotes, strikes from {STRIKES[0]:g} to {STRIKES[-1]:g}; the loss at the start is {loss(start):.1f}"
)
for method, arguments in runs.items():
    found = minimize(x0=start, method=method, **arguments)
    best = parameters(found.x)
    worst = max(abs(volatility(strike, *best) - volatility(strike, *TRUE)) for strike in STRIKES)
    print(f"{method:12} loss {found.fun:.3e} in {found.nit:3} steps, volatility off by at most {worst:.1e}")

print("\nstrike  volatility")
for strike in STRIKES[::4]:
    vol = volatility(strike, *best)
    print(f"{strike:6.1f}  {100 * vol:6.2f} %  {'#' * round(200 * vol)}")
