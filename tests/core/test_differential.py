"""Random programs on the compiled twin, the pure twin and plain floats: equal to the bit, exceptions too."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings

import programs
from programs import Plain, Program, Twin
from twins import Implementation, key, keys, outcome

MANY = settings(max_examples=10 * settings().max_examples)

pytestmark = [
    pytest.mark.either,
    pytest.mark.filterwarnings("ignore::vargrad.ZeroDerivativeWarning"),  # a program may end in a rounding
]


@MANY
@given(programs.programs())
def test_values_exceptions_and_branches(twins: list[Implementation], program: Program) -> None:
    expected = programs.run(program, Plain()).log
    for impl in twins:
        assert programs.run(program, Twin(impl)).log == expected


@MANY
@given(programs.programs())
def test_gradients(twins: list[Implementation], program: Program) -> None:
    """Several roots, repeated backward, any seed, grads of computed Vars, leaves edited in between."""
    logs = []
    for impl in twins:
        ran = programs.run(program, Twin(impl))
        logs.append([ran.log, programs.act(program, ran)])
    assert logs.count(logs[0]) == len(logs)


@given(programs.programs(steps=12))
def test_pullback_is_backward_from_zero(twins: list[Implementation], program: Program) -> None:
    logs = []
    for impl in twins:
        ran = programs.run(program, Twin(impl))
        wanted, root = ran.variables[: ran.leaves], ran.variables[-1]
        before = [v.grad for v in wanted if v.requires_grad]
        found = outcome(lambda root=root, wanted=wanted, impl=impl: impl.pullback(root, wanted)[0])
        assert keys(before) == keys([v.grad for v in wanted if v.requires_grad])
        for v in wanted:
            v.requires_grad = True
        root.backward()
        assert found == keys([v.grad for v in wanted])
        logs.append(found)
    assert logs.count(logs[0]) == len(logs)


@given(programs.programs(steps=12))
def test_pullback_says_whether_others_take_part(twins: list[Implementation], program: Program) -> None:
    logs = []
    for impl in twins:
        ran = programs.run(program, Twin(impl))
        logs.append(impl.pullback(ran.variables[-1], ran.variables[: ran.leaves - 1])[1])
    assert logs.count(logs[0]) == len(logs)


@MANY
@given(programs.programs(steps=10))
def test_pullback_graph_and_second_derivatives(twins: list[Implementation], program: Program) -> None:
    """Derivatives as Vars have the values of the first order, and both twins agree on the second order."""
    logs = []
    for impl in twins:
        ran = programs.run(program, Twin(impl))
        logs.append([outcome(impl.pullback_graph, ran.variables[-1], ran.variables[: ran.leaves]), second(impl, ran)])
    assert logs.count(logs[0]) == len(logs)


def second(impl: Implementation, ran: programs.Run) -> Any:
    """The gradient of each first derivative, and which Vars it reaches."""
    wanted = ran.variables[: ran.leaves]
    try:
        slopes = impl.pullback_graph(ran.variables[-1], wanted)
    except TypeError as error:  # custom with a partial that is a number
        return str(error)
    return [keys(impl.pullback(slope, wanted)[0]) for slope in slopes]


@given(programs.programs(steps=12, acts=0))
def test_pullback_graph_by_computed_vars(twins: list[Implementation], program: Program) -> None:
    logs = []
    for impl in twins:
        ran = programs.run(program, Twin(impl))
        logs.append(outcome(impl.pullback_graph, ran.variables[-1], ran.variables[::2]))
    assert logs.count(logs[0]) == len(logs)


@given(programs.programs(steps=12))
def test_graph_as_seen_from_outside(twins: list[Implementation], program: Program) -> None:
    """prev_op, parents and repr of every variable."""
    logs = []
    for impl in twins:
        variables = programs.run(program, Twin(impl)).variables
        place = {id(v): i for i, v in enumerate(variables)}
        log: list[Any] = []
        for v in variables:
            parents = [place.get(id(p), key(p)) for p in v.parents]
            log.append((v.prev_op, parents, repr(v), f"{v:.3g}", v.requires_grad))
        logs.append(log)
    assert logs.count(logs[0]) == len(logs)


@given(programs.programs(steps=12, acts=0))
def test_no_grad_gives_the_same_values(twins: list[Implementation], program: Program) -> None:
    for impl in twins:
        recorded = programs.run(program, Twin(impl)).log
        with impl.no_grad():
            ran = programs.run(program, Twin(impl))
        assert ran.log == recorded
        assert all(v.prev_op is None for v in ran.variables)


@given(programs.programs(steps=8, acts=0))
def test_leaves_copy(twins: list[Implementation], program: Program) -> None:
    for impl in twins:
        ran = programs.run(program, Twin(impl))
        for v in ran.variables[: ran.leaves]:
            assert repr(copy.deepcopy(v)) == repr(v)
