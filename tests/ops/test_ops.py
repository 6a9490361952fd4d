"""Every row of the table of operations against plain Python (values) and mpmath (derivatives), on both twins."""

from __future__ import annotations

import math

import pytest

import oracle
import sheet
from sheet import ALL_NARY, ALL_ROWS, PARTIALS
from twins import Implementation, grads, key, keys, leaves, outcome
from vargrad._ops.table import BY_NAME, NARY_BY_NAME, ROWS

pytestmark = pytest.mark.either

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 2.0, 3.0, -8.0, 5e-324, -1e-310, 1e-300, 1e300, -1e300, 710.0, -746.0]
SPECIAL += [math.inf, -math.inf, math.nan]


# ---- every row has a door


@pytest.mark.parametrize("name", ALL_ROWS)
def test_every_row_is_reachable(impl: Implementation, name: str) -> None:
    point = sheet.points(BY_NAME[name], 1)[0]
    doors = sheet.ways(impl, name)
    assert doors
    for door in doors.values():
        result = door(impl.Var(point[0]), *point[1:])
        assert result.prev_op == name
        assert len(result.parents) == BY_NAME[name].arity


@pytest.mark.parametrize("name", [row.name for row in ROWS if row.alias])
def test_alias_is_a_method_too(impl: Implementation, name: str) -> None:
    assert getattr(impl.Var(0.5), BY_NAME[name].alias)().prev_op == name


@pytest.mark.parametrize("name", ALL_NARY)
def test_every_nary_row_is_reachable(impl: Implementation, name: str) -> None:
    point = [impl.Var(x) for x in (0.5, 0.25)]
    result = sheet.call_nary(impl, name)(*sheet.split(NARY_BY_NAME[name], point))
    assert result.prev_op == name
    assert len(result.parents) == 2
    assert all(found is given for found, given in zip(result.parents, point, strict=True))


def test_oracle_covers_the_sheet() -> None:
    assert set(oracle.TEXTBOOK) == set(ALL_ROWS) == set(sheet.PLAIN)
    assert set(oracle.TEXTBOOK_NARY) == set(NARY_BY_NAME) - {"custom"} == set(sheet.PLAIN_NARY)


# ---- values


def arguments(name: str) -> list[tuple[float, ...]]:
    row = BY_NAME[name]
    if name == "round":
        special = [(x, float(n)) for x in SPECIAL for n in (-2, 0, 1, 5)]
    elif name in ("fmax", "fmin"):  # which of two zeros is not settled, not even in C
        special = [(x, y) for x in SPECIAL for y in SPECIAL if x or y or key(x) == key(y)]
    elif row.arity == 2:
        special = [(x, y) for x in SPECIAL for y in SPECIAL]
    else:
        special = [(x,) for x in SPECIAL]
    return special + sheet.points(row)


@pytest.mark.parametrize("name", ALL_ROWS)
def test_value_is_plain_pythons_to_the_bit(impl: Implementation, name: str) -> None:
    """Value or exception, type and message, whichever operand is the Var and by whichever door."""
    plain = sheet.PLAIN[name]
    for door in sheet.ways(impl, name).values():
        for point in arguments(name):
            expected = outcome(plain, *point)
            assert (point, outcome(door, impl.Var(point[0]), *point[1:])) == (point, expected)
            if len(point) == 2 and name != "round":
                assert (point, outcome(door, impl.Var(point[0]), impl.Var(point[1]))) == (point, expected)
                assert (point, outcome(door, point[0], impl.Var(point[1]))) == (point, expected)


@pytest.mark.parametrize("name", [row.name for row in ROWS if row.function])
def test_functions_of_plain_floats(impl: Implementation, name: str) -> None:
    for point in arguments(name):
        found = outcome(getattr(impl.math, BY_NAME[name].function), *point)
        assert (point, found) == (point, outcome(sheet.PLAIN[name], *point))


@pytest.mark.parametrize("name", sheet.OWN)
def test_value_of_our_own_functions(impl: Implementation, name: str) -> None:
    """What Python's math has not is held against the textbook's definition."""
    for point in sheet.points(BY_NAME[name]):
        got = sheet.call(impl, name)(impl.Var(point[0]), *point[1:]).value
        condition = oracle.condition_of_value(name, point) if name in oracle.CONDITIONED else 0.0
        problem = oracle.complaint(oracle.value(name, point), got, condition)
        assert problem is None, f"{name}{point}: {problem}"


@pytest.mark.parametrize("name", ALL_NARY)
def test_nary_value_is_plain_pythons_to_the_bit(impl: Implementation, name: str) -> None:
    row = NARY_BY_NAME[name]
    special = [point for n in (2, 4) for i in range(len(SPECIAL)) for point in [tuple((SPECIAL * 2)[i : i + n])]]
    for point in sheet.points_nary(row) + special:
        expected = outcome(sheet.PLAIN_NARY[name], *sheet.split(row, point))
        for first in (0, len(point) - 1):
            operands = [impl.Var(x) if i >= first else x for i, x in enumerate(point)]
            found = outcome(sheet.call_nary(impl, name), *sheet.split(row, operands))
            assert (point, found) == (point, expected)
        assert (point, outcome(sheet.call_nary(impl, name), *sheet.split(row, point))) == (point, expected)


# ---- partials


@pytest.mark.filterwarnings("ignore::vargrad.ZeroDerivativeWarning")
@pytest.mark.parametrize(("name", "i"), PARTIALS)
def test_partial_against_mpmath(impl: Implementation, name: str, i: int) -> None:
    tested = 0
    for point in sheet.points(BY_NAME[name]):
        problem = partial_problem(impl, name, i, point)
        if problem != "":
            tested += 1
            assert problem is None, f"d{name}{point} by operand {i}: {problem}"
    assert tested >= 30


def partial_problem(impl: Implementation, name: str, i: int, point: tuple[float, ...]) -> str | None:
    """What is wrong with the partial, None if nothing, "" where the value itself overflows."""
    operands = leaves(impl, *point)
    try:
        result = sheet.call(impl, name)(*(operands if name != "round" else [operands[0], int(point[1])]))
    except OverflowError:
        return ""
    if name == "round" and i == 1:
        return None if result.parents[1].value == point[1] else "the digits are not an operand"
    got = grads(result, operands)[i]
    condition = oracle.condition(name, point, i) if name in oracle.CONDITIONED else 0.0
    condition += oracle.CANCELS.get(name, 0.0)
    return oracle.complaint(oracle.slope(name, point, i), got, condition)


@pytest.mark.parametrize("name", ALL_NARY)
def test_nary_partials_against_mpmath(impl: Implementation, name: str) -> None:
    row = NARY_BY_NAME[name]
    for point in sheet.points_nary(row):
        operands = leaves(impl, *point)
        try:
            result = sheet.call_nary(impl, name)(*sheet.split(row, operands))
        except OverflowError:
            continue
        for i, got in enumerate(grads(result, operands)):
            condition = oracle.condition_nary(name, point, i)
            problem = oracle.complaint(oracle.slope_nary(name, row.pairs, point, i), got, condition)
            assert problem is None, f"d{name}{point} by operand {i}: {problem}"


# ---- where a derivative is a convention or a limit

INF = math.inf
# At a kink the mean of both sides, where nothing else is agreed: the design's decisions, so not computable.
CONVENTIONS: dict[tuple[str, tuple[float, ...]], tuple[float, ...]] = {
    ("abs", (0.0,)): (0.0,),
    ("relu", (0.0,)): (0.0,),
    ("leaky_relu", (0.0, 0.01)): (0.01, 0.0),
    ("elu", (0.0, 0.5)): (0.5, 0.0),
    ("selu", (0.0,)): (1.7580993408473766,),
    ("copysign", (0.0, 1.0)): (0.0, 0.0),
    ("fmax", (1.0, 1.0)): (0.5, 0.5),
    ("fmin", (1.0, 1.0)): (0.5, 0.5),
    ("clamp_min", (1.0, 1.0)): (1.0, 0.0),
    ("clamp_max", (1.0, 1.0)): (1.0, 0.0),
    ("i0e", (0.0,)): (0.0,),
    ("i1e", (0.0,)): (0.5,),
    ("pow", (0.0, 0.0)): (0.0, 0.0),
    ("pow", (0.0, 0.5)): (INF, 0.0),
    ("pow", (0.0, 1.0)): (1.0, 0.0),
    ("pow", (0.0, 2.0)): (0.0, 0.0),
    ("pow", (-2.0, 3.0)): (12.0, math.nan),
    ("hypot", (0.0, 0.0)): (0.0, 0.0),
    **{(name, (1.0, 1.0)): (0.5, 0.5) for name in ("maximum", "minimum")},
    **{(name, (2.0, 2.0, 2.0)): (1 / 3, 1 / 3, 1 / 3) for name in ("maximum", "minimum")},
}
KINKS = [(row.name, point) for row in (*ROWS, *NARY_BY_NAME.values()) for point in row.kinks]


def test_every_kink_has_its_convention() -> None:
    assert set(CONVENTIONS) == set(KINKS)


@pytest.mark.parametrize(("name", "point"), KINKS)
def test_derivative_at_a_kink(impl: Implementation, name: str, point: tuple[float, ...]) -> None:
    operands = leaves(impl, *point)
    if name in NARY_BY_NAME:
        result = sheet.call_nary(impl, name)(*sheet.split(NARY_BY_NAME[name], operands))
    else:
        result = sheet.call(impl, name)(*operands)
    assert keys(grads(result, operands)) == keys(CONVENTIONS[name, point])


def at(impl: Implementation, name: str, *point: float) -> list[float]:
    """All partials of a row at a point."""
    operands = leaves(impl, *point)
    return grads(sheet.call(impl, name)(*operands), operands)


# As x goes to the end, so goes the derivative: what mpmath says at 1e25 times the sign, or next to a pole.
LIMITS = [
    *[(name, x, 1e25 * math.copysign(1, x)) for name in ("sigmoid", "softplus", "silu") for x in (INF, -INF)],
    *[("gelu", x, 1e25 * math.copysign(1, x)) for x in (INF, -INF)],
    ("selu", -INF, -1e25),
    *[(name, x, math.copysign(30, x)) for name in ("erf", "erfc", "tanh") for x in (INF, -INF)],
    *[(name, x, 1e200 * math.copysign(1, x)) for name in ("arctan", "arcsinh", "relu", "cbrt") for x in (INF, -INF)],
    *[(name, -INF, -1e4) for name in ("exp", "exp2", "expm1")],
    *[(name, INF, 1e200) for name in ("log", "log2", "log10", "log1p", "sqrt", "arccosh")],
]


@pytest.mark.parametrize(("name", "x", "near"), LIMITS)
def test_limit_at_infinity(impl: Implementation, name: str, x: float, near: float) -> None:
    with oracle.mp.workprec(100):
        limit = float(oracle.mp.nint(oracle.slope(name, (near,), 0)))
    assert at(impl, name, x) == [limit]


@pytest.mark.parametrize("name", ["sqrt", "cbrt"])
def test_slope_at_a_pole_is_infinite(impl: Implementation, name: str) -> None:
    assert at(impl, name, 0.0) == [INF]


@pytest.mark.parametrize(("name", "x"), [("arcsin", 1.0), ("arcsin", -1.0), ("arccos", 1.0), ("arccosh", 1.0)])
def test_slope_at_the_end_of_the_domain_is_infinite(impl: Implementation, name: str, x: float) -> None:
    assert abs(at(impl, name, x)[0]) == INF


@pytest.mark.filterwarnings("ignore::vargrad.ZeroDerivativeWarning")
@pytest.mark.parametrize("name", [n for n in ALL_ROWS if n != "round"])
def test_nan_stays_nan(impl: Implementation, name: str) -> None:
    """A nan operand gives a nan or nothing, never a plausible number that depends on it."""
    arity = BY_NAME[name].arity
    operands = leaves(impl, *[math.nan] * arity)
    result = sheet.call(impl, name)(*operands)
    assert math.isnan(result.value) or name == "exponent"  # frexp(nan) is (nan, 0)
    constant = [
        math.isnan(g) or g in (0.0, 1.0, -1.0) or name in ("degrees", "radians") for g in grads(result, operands)
    ]
    assert all(constant)


EXTREME = [
    ("truediv", (3.0, 1e-300)),
    ("truediv", (1e-300, 1e-200)),
    ("truediv", (1e-200, 1e-300)),
    ("arctan2", (1e-300, 1e-300)),
    ("arctan2", (1e300, 1e300)),
    ("arctan2", (1e300, -1e-300)),
    ("arctan2", (1e-200, 1e100)),
    ("arctan2", (3e-308, 4e-308)),
    ("arcsinh", (1e300,)),
    ("arcsinh", (-1e200,)),
    ("arcsinh", (1e-300,)),
    ("arctan", (1e150,)),
    ("arctan", (1e-300,)),
    ("arccosh", (1e300,)),
    ("arccosh", (1 + 2**-52,)),
    ("arctanh", (1 - 2**-53,)),
    ("arcsin", (1 - 2**-53,)),
    ("log1p", (-1 + 2**-53,)),
    ("log", (5e-324,)),
    ("sqrt", (5e-324,)),
    ("cbrt", (1e-300,)),
    ("cbrt", (-5e-324,)),
    ("expm1", (-700.0,)),
    ("tanh", (350.0,)),
    ("tanh", (-350.0,)),
    ("sigmoid", (-740.0,)),
    ("sigmoid", (700.0,)),
    ("softplus", (-740.0,)),
    ("silu", (-740.0,)),
    ("gelu", (-37.0,)),
    ("erf", (26.0,)),
    ("erfc", (-26.5,)),
    ("pow", (1e-300, 1.01)),
    ("pow", (1e300, 1.01)),
    ("pow", (1e-200, -1.0)),
    ("mod", (1e3, 1e-300)),
]


@pytest.mark.parametrize(("name", "point"), EXTREME)
def test_partial_survives_extremes(impl: Implementation, name: str, point: tuple[float, ...]) -> None:
    for i in range(len(point)):
        assert partial_problem(impl, name, i, point) is None


@pytest.mark.parametrize("scale", [5e-324, 1e-310, 1e-200, 1.0, 1e200, 1e307])
def test_hypot_survives_extremes(impl: Implementation, scale: float) -> None:
    operands = leaves(impl, 3 * scale, 4 * scale, -12 * scale)
    for i, got in enumerate(grads(impl.math.hypot(*operands), operands)):
        true = oracle.slope_nary("hypot", False, tuple(v.value for v in operands), i)
        assert oracle.complaint(true, got) is None


# ---- a branch that lost receives nothing, not 0 * inf

LOST = {
    "relu": lambda m, lost, won: m.relu(lost - 3.0),
    "abs of a clamp": lambda m, lost, won: abs(m.clamp(lost, 2.0, None)),
    "clamp below": lambda m, lost, won: m.clamp(lost, won, None),
    "clamp above": lambda m, lost, won: m.clamp(won, None, lost) if lost > won else m.clamp(-lost, None, -won),
    "bound": lambda m, lost, won: m.clamp(won, lost, None),
    "maximum": lambda m, lost, won: m.maximum(won, lost, -won),
    "minimum": lambda m, lost, won: m.minimum(-won, -lost),
    "fmax": lambda m, lost, won: m.fmax(won, lost) * m.fmax(lost, won),
    "fmin": lambda m, lost, won: m.fmin(-won, -lost) * m.fmin(-lost, -won),
    "where": lambda m, lost, won: m.where(won > lost, won, lost),
    "slope": lambda m, lost, won: m.leaky_relu(won, lost),
    "copysign": lambda m, lost, won: m.copysign(won, lost),
    "floordiv": lambda m, lost, won: lost // won,
    "rint": lambda m, lost, won: lost.rint(),
    "round": lambda m, lost, won: round(lost, 2),
}


@pytest.mark.filterwarnings("ignore::vargrad.ZeroDerivativeWarning")
@pytest.mark.parametrize("case", LOST)
def test_lost_branch_receives_nothing(impl: Implementation, case: str) -> None:
    lost, won = leaves(impl, 1.0, 2.0)
    LOST[case](impl.math, lost, won).backward(INF)
    assert lost.grad == 0.0


def test_square_root_of_a_clipped_value(impl: Implementation) -> None:
    (v,) = leaves(impl, -1.0)
    assert grads(impl.math.sqrt(impl.math.maximum(v, 0.0)), [v]) == [0.0]
    assert grads(impl.math.sqrt(impl.math.relu(v)), [v]) == [0.0]


@pytest.mark.parametrize("name", ["maximum", "minimum"])
@pytest.mark.parametrize("ties", range(1, 8))
def test_ties_share_equally(impl: Implementation, name: str, ties: int) -> None:
    sign = 1.0 if name == "maximum" else -1.0
    operands = leaves(impl, *[sign * 2.0] * ties, sign * 1.0, sign * -5.0)
    assert grads(getattr(impl.math, name)(*operands), operands) == [1 / ties] * ties + [0.0, 0.0]


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_nan_wins(impl: Implementation, name: str) -> None:
    for xs in ((1.0, math.nan, 2.0), (math.nan, 1.0), (1.0, 2.0, math.nan)):
        assert key(getattr(impl.math, name)(*leaves(impl, *xs))) == "nan"


@pytest.mark.parametrize("name", ["fmax", "fmin"])
def test_a_nan_counts_as_missing(impl: Implementation, name: str) -> None:
    """The number is the result and gets the derivative; of two nans the first."""
    function = getattr(impl.math, name)
    for point, value, slopes in (
        ((math.nan, 2.0), 2.0, [0.0, 1.0]),
        ((2.0, math.nan), 2.0, [1.0, 0.0]),
        ((math.nan, math.nan), math.nan, [1.0, 0.0]),
        ((math.nan, INF), INF, [0.0, 1.0]),
    ):
        operands = leaves(impl, *point)
        assert key(function(*operands)) == key(value)
        assert grads(function(*operands), operands) == slopes


@pytest.mark.parametrize("zeros", [0, 1, 2])
def test_prod_is_right_at_zeros(impl: Implementation, zeros: int) -> None:
    point = (3.0, -2.0, 5.0, 0.5)
    point = (0.0,) * zeros + point[zeros:]
    operands = leaves(impl, *point)
    found = grads(impl.math.prod(operands), operands)
    assert found == [float(oracle.slope_nary("prod", False, point, i)) for i in range(4)]
