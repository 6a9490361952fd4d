"""A yield curve from bond prices: a spline through unknown rates, and how a bond's price moves with each quote."""

import numpy as np

import vargrad
from vargrad import interpolate, math

YEARS = [0.5, 1.0, 2.0, 5.0, 10.0]  # maturities of the bonds, and knots of the curve
COUPONS = [0.0, 1.5, 2.0, 2.5, 3.0]  # a year, half of it each half year, on 100
QUOTES = np.array([99.1, 99.6, 99.2, 99.0, 99.5])


def price(curve, coupon, years):
    """What a bond's payments are worth, at the continuous rates of the curve."""
    times = np.arange(0.5, years + 0.25, 0.5).tolist()
    payments = sum(coupon / 2 * math.exp(-curve(t) * t) for t in times)
    return payments + 100.0 * math.exp(-curve(years) * years)


@vargrad.compile(signature="(n)->(n)")
def prices(rates):
    curve = interpolate.CubicSpline(YEARS, rates, bc_type="natural")
    return [price(curve, coupon, years) for coupon, years in zip(COUPONS, YEARS, strict=True)]


rates = np.full(5, 0.02)
for step in range(1, 7):  # Newton's method, with the exact Jacobian
    missed = prices(rates) - QUOTES
    rates = rates - np.linalg.solve(prices.jacobian(rates), missed)
    print(f"step {step}: prices missed by at most {np.abs(missed).max():.1e}")
for years, rate in zip(YEARS, rates, strict=True):
    print(f"{years:4g} years: {100 * rate:.4f} %")


def seven_years(quotes):
    """A bond between the quoted ones, by the curve that reprices these: no step of Newton is differentiated."""
    solved = vargrad.implicit(lambda q: rates, lambda r, q: [a - b for a, b in zip(curve_prices(r), q, strict=True)])
    return price(interpolate.CubicSpline(YEARS, solved(quotes), bc_type="natural"), 2.75, 7.0)


def curve_prices(r):
    curve = interpolate.CubicSpline(YEARS, r, bc_type="natural")
    return [price(curve, coupon, years) for coupon, years in zip(COUPONS, YEARS, strict=True)]


value, slopes = vargrad.value_and_grad(seven_years)(QUOTES)
print(f"a bond of 7 years and 2.75 %: {value:.4f}")
for years, slope in zip(YEARS, slopes, strict=True):
    print(f"if the quote of {years:4g} years rises by 1 it moves by {slope:+.4f}")
