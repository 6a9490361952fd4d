"""Var beside its derivatives: a float that remembers, on both twins."""

from __future__ import annotations

import copy
import gc
import math
import operator
import pickle
import struct
from typing import Any

import pytest

from twins import Implementation, grads, key, leaves, outcome
from vargrad._ops.table import BY_NAME

# ---- the article's attributes


def test_a_leaf(impl: Implementation) -> None:
    x = impl.Var(3)
    assert (x.value, type(x.value)) == (3.0, float)
    assert x.requires_grad is False
    assert x.prev_var1 is x.prev_var2 is x.prev_op is None
    assert x.parents == ()
    assert impl.Var(value=1.0, requires_grad=True).grad == 0.0


@pytest.mark.parametrize("value", [True, 7, 2**53 + 1, -0.0, math.inf, 10**308])
def test_every_real_number_is_a_value(impl: Implementation, value: float) -> None:
    assert key(impl.Var(value)) == key(float(value))


def test_operands_keep_their_identity(impl: Implementation) -> None:
    x, y = leaves(impl, 2.0, 3.0)
    w = x * y
    z = w + x
    assert z.prev_op == "add"
    assert z.prev_var1 is w
    assert z.prev_var2 is x
    assert w.parents[0] is x
    assert w.parents[1] is y
    assert z.parents == (w, x)


def test_operands_nobody_holds_come_back_as_one(impl: Implementation) -> None:
    """A handle that died is made anew, and again is one as long as somebody holds it."""
    x = impl.Var(2.0, requires_grad=True)
    z = (x * 3.0) + x
    first = z.prev_var1
    assert first is z.prev_var1
    assert (first.prev_op, first.value) == ("mul", 6.0)
    assert first.prev_var1 is x


def test_graph_walk_by_identity(impl: Implementation) -> None:
    """The walk that graph-drawing code does: a set of ids, each Var once, although subexpressions are shared."""
    x = impl.Var(2.0, requires_grad=True)
    w = x * x
    z = w * w + w
    seen: dict[int, Any] = {}
    stack = [z]
    while stack:
        v = stack.pop()
        if id(v) not in seen:
            seen[id(v)] = v
            stack += v.parents
    assert sorted(str(v.prev_op) for v in seen.values()) == ["None", "add", "mul", "mul"]


def test_constant_operand_becomes_a_var_when_asked(impl: Implementation) -> None:
    x = impl.Var(2.0, requires_grad=True)
    z, w = x * 5, 7 - x
    assert (z.prev_var2.value, z.prev_var2.prev_op, z.prev_var2.requires_grad) == (5.0, None, False)
    assert w.prev_var1.value == 7.0
    assert w.prev_var2 is x
    constant = z.prev_var2
    assert z.prev_var2 is constant
    assert grads(z + w, [x]) == [4.0]


def test_materialised_constant_can_be_asked_for_its_gradient(impl: Implementation) -> None:
    x = impl.Var(2.0, requires_grad=True)
    z = x * 5
    constant = z.prev_var2
    constant.requires_grad = True
    z.backward()
    assert constant.grad == 2.0


def test_parents_of_an_nary_node(impl: Implementation) -> None:
    x, y = leaves(impl, 2.0, 3.0)
    z = impl.math.dot([x, 1.0], [4.0, y])
    assert [p.value for p in z.parents] == [2.0, 1.0, 4.0, 3.0]
    assert z.parents[0] is x is z.prev_var1
    assert z.parents[3] is y
    assert z.prev_var2 is z.parents[1]
    assert impl.math.sum([x]).prev_var2 is None


# ---- grad


def test_backward_accumulates_and_repeats(impl: Implementation) -> None:
    x = impl.Var(3.0, requires_grad=True)
    z = x**2
    for i in range(1, 4):
        z.backward()
        assert x.grad == 6.0 * i
    z.backward(0.5)
    assert x.grad == 21.0
    x.grad = 1
    assert key(x.grad) == key(1.0)


def test_backward_of_a_leaf(impl: Implementation) -> None:
    x = impl.Var(3.0, requires_grad=True)
    x.backward()
    x.backward(current_grad=4)
    assert x.grad == 5.0
    impl.Var(1.0).backward()


def test_several_roots_share_a_subexpression(impl: Implementation) -> None:
    x = impl.Var(2.0, requires_grad=True)
    w = x * x
    a, b = w * 3.0, w + x
    a.backward()
    b.backward()
    assert x.grad == 12.0 + 5.0


def test_requires_grad_on_a_computed_var(impl: Implementation) -> None:
    x = impl.Var(2.0, requires_grad=True)
    w = x * x
    w.requires_grad = True
    z = w * 5.0
    z.backward()
    assert (w.grad, x.grad) == (5.0, 20.0)
    w.backward()
    assert w.grad == 6.0
    w.grad = 0.5
    w.requires_grad = True
    assert w.grad == 0.5
    w.requires_grad = False
    assert w.requires_grad is False
    w.requires_grad = True
    assert w.grad == 0.0


def test_grad_of_a_computed_var_survives_its_handle(impl: Implementation) -> None:
    x = impl.Var(2.0, requires_grad=True)
    z = x * x
    z.requires_grad = True
    root = z + 1.0
    del z
    gc.collect()
    root.backward()
    assert root.prev_var1.requires_grad is True
    assert root.prev_var1.grad == 1.0


def test_switching_requires_grad_off_and_on_starts_at_zero(impl: Implementation) -> None:
    x = impl.Var(2.0, requires_grad=True)
    x.grad = 7.0
    x.requires_grad = True
    assert x.grad == 7.0
    x.requires_grad = 0
    assert x.requires_grad is False
    x.requires_grad = 1
    assert (x.requires_grad, x.grad) == (True, 0.0)


def test_leaf_without_requires_grad_receives_nothing(impl: Implementation) -> None:
    x, y = impl.Var(2.0), impl.Var(3.0, requires_grad=True)
    (x * y).backward()
    assert y.grad == 2.0
    x.requires_grad = True
    assert x.grad == 0.0


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
def test_reached_flags_not_zero_adjoints_decide(impl: Implementation, bad: float) -> None:
    """0 * inf is nan and travels on; what is not under the root gets nothing."""
    x, y = leaves(impl, 0.0, 1.0)
    inner = x * bad
    unrelated = y * 2.0
    (inner * 0.0).backward()
    assert key(x.grad) == "nan"
    assert y.grad == 0.0
    assert unrelated.value == 2.0


@pytest.mark.parametrize("bits", [0x7FF8000000000000, 0xFFF8000000000001, 0x7FF0000000000001, 0x7FF4DEAD0000BEEF])
def test_every_nan_is_a_seed(impl: Implementation, bits: int) -> None:
    """Signalling ones too: among them is the mark that the compiled twin puts on what no sweep has reached."""
    (nan,) = struct.unpack("<d", struct.pack("<Q", bits))
    x = impl.Var(2.0, requires_grad=True)
    assert key(grads(x * 3.0, [x], nan)[0]) == "nan"
    assert key(grads(x, [x], nan)[0]) == "nan"
    assert key(grads(x * nan, [x])[0]) == "nan"
    assert grads(x * 3.0, [x]) == [3.0]


def test_zero_seed_reaches_all_the_same(impl: Implementation) -> None:
    x = impl.Var(0.0, requires_grad=True)
    x.sqrt().backward(0.0)
    assert key(x.grad) == "nan"


# ---- a float


@pytest.mark.parametrize("other", [3, 3.0, True, 2**53 + 1, 10**400, -(10**400), math.inf, math.nan, -0.0])
@pytest.mark.parametrize("value", [3.0, 0.0, 1.0, float(2**53), math.inf, math.nan])
def test_comparisons_are_by_value(impl: Implementation, value: float, other: float) -> None:
    x = impl.Var(value)
    for compare in (operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge):
        assert compare(x, other) is compare(value, other)
        assert compare(other, x) is compare(other, value)
        if abs(other) < 10**308:
            assert compare(x, impl.Var(other)) is compare(value, float(other))
    assert bool(x) is bool(value)


@pytest.mark.parametrize("other", ["3", None, 1j, [3.0], object()])
def test_comparison_with_foreign_types(impl: Implementation, other: Any) -> None:
    x = impl.Var(3.0)
    assert (x == other) is False
    assert (x != other) is True
    with pytest.raises(TypeError, match="not supported between"):
        operator.lt(x, other)


def test_hash_is_identity(impl: Implementation) -> None:
    x, y = impl.Var(1.0), impl.Var(1.0)
    assert x == y
    assert len({x, y}) == 2
    assert {x: "x", y: "y"}[y] == "y"
    assert hash(x) == hash(x)
    assert 1.0 not in {x}


def test_sorted_max_min(impl: Implementation) -> None:
    values = [3.0, -1.0, 2.5, 0.0]
    variables = leaves(impl, *values)
    assert [v.value for v in sorted(variables)] == sorted(values)
    assert max(variables) is variables[0]
    assert min(*variables, 7.0) is variables[1]
    assert sum(variables).value == sum(values)


@pytest.mark.parametrize("value", [0.5, 1.5, -2.5, 2.7, -0.0, 1e300, math.inf, math.nan])
def test_rounding_to_int(impl: Implementation, value: float) -> None:
    for function in (round, math.floor, math.ceil, math.trunc):
        assert outcome(function, impl.Var(value)) == outcome(function, value)


@pytest.mark.parametrize("digits", [-1, 0, 2, True, None])
def test_rounding_to_digits(impl: Implementation, digits: int | None) -> None:
    x = impl.Var(1234.5678, requires_grad=True)
    assert key(round(x, digits)) == key(round(1234.5678, digits))


@pytest.mark.parametrize("digits", [2.5, 2.0, "2", 1j, [1]])
def test_rounding_to_no_integer(impl: Implementation, digits: Any) -> None:
    assert outcome(round, impl.Var(2.5), digits) == outcome(round, 2.5, digits)


def test_repr_and_format(impl: Implementation) -> None:
    x = impl.Var(2.5, requires_grad=True)
    x.grad = -1.25
    assert repr(x) == str(x) == f"{x}" == "Var(2.5, grad=-1.25)"
    assert repr(impl.Var(math.nan)) == "Var(nan)"
    assert repr(x * 2.0) == "Var(5.0)"
    for spec in (".3f", "10.2e", "+g", "%", "<9", "n"):
        assert format(x, spec) == format(2.5, spec)
    assert outcome(format, x, "d") == outcome(format, 2.5, "d")


def test_in_place_operators_bind_anew(impl: Implementation) -> None:
    x = y = impl.Var(3.0, requires_grad=True)
    y += 1
    y -= 0.5
    y *= 2
    y /= 7.0
    y **= 2
    assert (x.value, x.prev_op) == (3.0, None)
    assert y.prev_op == "pow"
    assert grads(y, [x]) == pytest.approx([2 * 1.0 * 2 / 7])
    y %= 1
    y //= 1
    assert y.prev_op == "floordiv"


def test_pos_and_conjugate_are_the_var_itself(impl: Implementation) -> None:
    x = impl.Var(-3.0)
    assert +x is x
    assert x.conjugate() is x


def test_detach_and_item(impl: Implementation) -> None:
    x = impl.Var(3.0, requires_grad=True)
    z = x * x
    d = z.detach()
    assert (d.value, d.prev_op, d.requires_grad) == (9.0, None, False)
    assert d is not z
    assert key(z.item()) == key(9.0)
    d.value = 4.0
    assert z.value == 9.0
    assert x.detach() is not x


@pytest.mark.parametrize("bounds", [(None, None), (0.0, None), (None, 1.0), (0.0, 1.0), (2, 3), (1.0, 0.0)])
@pytest.mark.parametrize("value", [-1.0, 0.0, 0.5, 1.0, 2.0])
def test_clamp(impl: Implementation, value: float, bounds: tuple[float | None, float | None]) -> None:
    x = impl.Var(value, requires_grad=True)
    low, high = bounds
    expected = value if low is None else max(value, low)
    expected = expected if high is None else min(expected, high)
    for y in (x.clamp(*bounds), x.clamp(min=low, max=high), impl.math.clamp(x, *bounds)):
        assert y.value == expected
        inside = (low is None or value >= low) and (high is None or (value if low is None else max(value, low)) <= high)
        assert grads(y, [x]) == [1.0 if inside else 0.0]


def test_clamp_between_vars(impl: Implementation) -> None:
    x, low, high = leaves(impl, 5.0, 0.0, 1.0)
    assert grads(x.clamp(low, high), [x, low, high]) == [0.0, 0.0, 1.0]


# ---- copies


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("requires_grad", [True, False])
def test_leaf_pickles(impl: Implementation, protocol: int, requires_grad: bool) -> None:
    x = impl.Var(-0.0, requires_grad=requires_grad)
    if requires_grad:
        x.grad = 1.5
    for y in (pickle.loads(pickle.dumps(x, protocol)), copy.copy(x), copy.deepcopy(x)):
        assert repr(y) == repr(x)
        assert type(y) is impl.Var
        assert y is not x


def test_deepcopy_keeps_shared_leaves_shared(impl: Implementation) -> None:
    x = impl.Var(1.0)
    a, b = copy.deepcopy([x, x])
    assert a is b
    assert a is not x


@pytest.mark.parametrize("copier", [copy.copy, copy.deepcopy, pickle.dumps])
def test_computed_var_does_not_copy(impl: Implementation, copier: Any) -> None:
    with pytest.raises(TypeError, match=r"detach\(\).*compile"):
        copier(impl.Var(1.0) * 2.0)


# ---- nodes by hand


@pytest.mark.filterwarnings("ignore::vargrad.ZeroDerivativeWarning")
@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_node_by_hand(impl: Implementation, name: str) -> None:
    """The constructor's prev_* arguments build the node that the operation would have built."""
    arity = BY_NAME[name].arity
    x, y = leaves(impl, 0.5, 2.0)
    made = impl.Var(0.25, True, x, *([y, name] if arity == 2 else [None, name]))
    assert (made.value, made.prev_op, made.parents, made.grad) == (0.25, name, (x, y)[:arity], 0.0)
    made.backward()
    assert made.grad == 1.0
    assert made.prev_var1 is x
    assert made.prev_var2 is (y if arity == 2 else None)


def test_node_by_hand_as_the_article_builds_it(impl: Implementation) -> None:
    x, y = leaves(impl, 3.0, 4.0)
    z = impl.Var(x.value * y.value, prev_var1=x, prev_var2=y, prev_op="mul")
    assert grads(z, [x, y]) == grads(x * y, [x, y])
