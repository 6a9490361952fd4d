"""The network: the article's numbers in the article's order, for any architecture, on both twins."""

import copy
import math
import pickle
import random
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from vargrad import NN, Var, reference
from vargrad.nn import ACTIVATIONS

AND = [[0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 1]]
XOR = [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]


@pytest.fixture(params=[Var, reference.Var], ids=["active", "reference"])
def var(request: pytest.FixtureRequest) -> type[Var]:
    return request.param


class ArticleXor:
    """The article's network for XOR: its formulas and its order of drawing, over any kind of Var."""

    def __init__(self, kind: type[Var]) -> None:
        self.neurons = [[kind(random.random(), requires_grad=True) for _ in range(3)] for _ in range(3)]
        self.parameters = [p for neuron in self.neurons for p in neuron]

    def sigmoid(self, x: Any) -> Any:
        return 1 / (1 + math.e ** (-x))

    def forward(self, p: Any, q: Any) -> Any:
        (w0, w1, b0), (w2, w3, b1), (w4, w5, b2) = self.neurons
        out1 = self.sigmoid(p * w0 + q * w1 + b0)
        out2 = self.sigmoid(p * w2 + q * w3 + b1)
        return self.sigmoid(out1 * w4 + out2 * w5 + b2)

    def calculate_loss(self, data: list[list[int]]) -> Any:
        loss: Any = 0
        for p, q, target in data:
            loss += (self.forward(p, q) - target) ** 2
        return loss


class ArticleAnd(ArticleXor):
    """The article's network of one neuron."""

    def __init__(self, kind: type[Var]) -> None:
        self.parameters = [kind(random.random(), requires_grad=True) for _ in range(3)]

    def forward(self, p: Any, q: Any) -> Any:
        return self.sigmoid(p * self.parameters[0] + q * self.parameters[1] + self.parameters[2])


def values(model: Any) -> list[float]:
    return [p.value for p in model.parameters]


def grads(model: Any) -> list[float]:
    return [p.grad for p in model.parameters]


def step(model: Any, data: Any, lr: float) -> float:
    """One turn of the article's loop."""
    loss = model.calculate_loss(data)
    loss.backward()
    for p in model.parameters:
        p.value -= lr * p.grad
        p.grad = 0
    return loss.value


@pytest.mark.parametrize(
    ("article", "arch", "data", "lr"),
    [(ArticleXor, [2, 2, 1], XOR, 1.0), (ArticleAnd, [2, 1], AND, 0.1)],
    ids=["xor", "and"],
)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_articles_numbers(
    article: Any, arch: list[int], data: list[list[int]], lr: float, seed: int, var: type[Var]
) -> None:
    random.seed(seed)
    theirs = article(var)
    random.seed(seed)
    ours = NN(arch, var=var)
    assert values(ours) == values(theirs)
    assert values(NN(arch, seed=seed, var=var)) == values(theirs)
    for p, q, _ in data:
        assert ours(p, q).value == pytest.approx(theirs.forward(p, q).value, rel=1e-12)
    ours.calculate_loss(data).backward()
    theirs.calculate_loss(data).backward()
    assert grads(ours) == pytest.approx(grads(theirs), rel=1e-12, abs=1e-15)
    for p in [*ours.parameters, *theirs.parameters]:
        p.grad = 0
    for _ in range(50):
        assert step(ours, data, lr) == pytest.approx(step(theirs, data, lr), rel=1e-10)
    assert values(ours) == pytest.approx(values(theirs), rel=1e-10)


def test_a_seed_leaves_the_global_random_alone() -> None:
    random.seed(7)
    before = random.getstate()
    NN([3, 4, 1], seed=5)
    assert random.getstate() == before


def test_both_twins_are_equal_to_the_bit() -> None:
    for activation in ACTIVATIONS:
        ours, theirs = (NN([2, 3, 2], activation, seed=4, var=kind) for kind in (Var, reference.Var))
        assert values(ours) == values(theirs)
        for _ in range(20):
            data = [[0.25, -1.5, 1, 0], [3, 0.125, 0.5, -2]]
            assert step(ours, data, 0.01) == step(theirs, data, 0.01)
            assert values(ours) == values(theirs)


def mp_sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


EXACT: dict[str, Callable[[Any], Any]] = {
    "sigmoid": mp_sigmoid,
    "tanh": mpmath.tanh,
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "leaky_relu": lambda x: x if x > 0 else x * mpmath.mpf(0.01),
    "elu": lambda x: x if x > 0 else mpmath.expm1(x),
    "selu": lambda x: (
        mpmath.mpf(1.0507009873554805) * (x if x > 0 else mpmath.mpf(1.6732632423543772) * mpmath.expm1(x))
    ),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "silu": lambda x: x * mp_sigmoid(x),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "identity": lambda x: x,
}


def exact(model: NN, activations: list[str], inputs: list[float]) -> list[Any]:
    """The outputs from the views by layer, in 40 digits."""
    layer = [mpmath.mpf(x) for x in inputs]
    biases = model.biases
    for i, neurons in enumerate(model.weights):
        sums = [sum(mpmath.mpf(w.value) * x for w, x in zip(ws, layer, strict=True)) for ws in neurons]
        if biases[i]:
            sums = [s + mpmath.mpf(b.value) for s, b in zip(sums, biases[i], strict=True)]
        layer = [EXACT[activations[i]](s) for s in sums]
    return layer


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_value_and_derivatives_of_a_deeper_network(activation: str, bias: bool, var: type[Var]) -> None:
    model = NN([3, 4, 2, 2], activation, output_activation="tanh", bias=bias, seed=8, var=var)
    draw = random.Random(9)
    for p in model.parameters:
        p.value = draw.uniform(-1, 1)
    inputs, targets = [0.3, -0.7, 1.1], [0.5, -0.25]
    names = [activation, activation, "tanh"]
    with mpmath.workdps(40):
        wanted = exact(model, names, inputs)
        outputs = model(inputs)
        assert [o.value for o in outputs] == pytest.approx([float(w) for w in wanted], rel=1e-13)

        def exact_loss() -> Any:
            return sum((o - t) ** 2 for o, t in zip(exact(model, names, inputs), targets, strict=True))

        loss = model.calculate_loss([[*inputs, *targets]])
        loss.backward()
        assert loss.value == pytest.approx(float(exact_loss()), rel=1e-12)
        for p in model.parameters:
            saved, h = p.value, 2.0**-30
            p.value = saved + h
            above = exact_loss()
            p.value = saved - h
            slope = (above - exact_loss()) / (2 * h)
            p.value = saved
            assert p.grad == pytest.approx(float(slope), rel=1e-9, abs=1e-12)


def test_one_activation_per_layer() -> None:
    """A list of names and the short form describe the same network."""
    mixed = NN([2, 3, 1], ["tanh", "identity"], seed=1)
    short = NN([2, 3, 1], "tanh", output_activation="identity", seed=1)
    assert mixed(0.5, -1).value == short(0.5, -1).value
    assert NN([2, 3, 1], "tanh", seed=1)(0.5, -1).value == math.tanh(short(0.5, -1).value)


def test_all_forms_of_input_give_the_same(var: type[Var]) -> None:
    model = NN([2, 2, 1], seed=3, var=var)
    wanted = model(0, 1).value
    forms: list[Any] = [[0, 1], (0.0, 1.0), [np.float64(0), np.int64(1)], [np.float32(0), True], range(2)]
    for inputs in forms:
        assert model(inputs).value == model(*inputs).value == model.forward(inputs).value == wanted
    assert model(var(0.0), var(1.0)).value == wanted
    assert model([var(0.0), 1]).value == wanted


def test_an_input_may_be_a_var_that_wants_its_derivative(var: type[Var]) -> None:
    model = NN([2, 2, 1], seed=3, var=var)
    x = var(0.4, requires_grad=True)
    model(x, 1).backward()
    above, below = (model(0.4 + h, 1).value for h in (1e-6, -1e-6))
    assert x.grad == pytest.approx((above - below) / 2e-6, rel=1e-7)


@pytest.mark.parametrize("dtype", [float, np.float32, int, bool, object])
def test_an_array_gives_an_object_array(dtype: Any, var: type[Var]) -> None:
    model = NN([2, 3, 2], seed=3, var=var)
    rows = [[0, 1], [1, 1], [1, 0]]
    result = model(np.array(rows, dtype=dtype))
    assert result.shape == (3, 2)
    assert [[v.value for v in row] for row in result] == [[v.value for v in model(row)] for row in rows]
    assert model(np.array(rows[0], dtype=dtype)).shape == (2,)
    assert model(np.zeros((4, 5, 2), dtype=dtype)).shape == (4, 5, 2)
    assert model(np.zeros((0, 2), dtype=dtype)).shape == (0, 2)


def test_array_of_vars() -> None:
    model = NN([2, 1], seed=3)
    leaves = np.array([[Var(0.5, requires_grad=True), Var(2.0, requires_grad=True)]])
    model(leaves).item().backward()
    slope = model(0.5, 2).value * (1 - model(0.5, 2).value)
    assert [v.grad for v in leaves[0]] == pytest.approx([w.value * slope for w in model.weights[0][0]], rel=1e-12)


def test_a_loop_over_object_arrays() -> None:
    """Whoever has the data in arrays takes NumPy's functions for the loss."""
    data = np.array(XOR, dtype=np.float32)
    model, other = NN([2, 2, 1], seed=6), NN([2, 2, 1], seed=6)
    predictions = model.forward(data[:, :-1]).squeeze()
    loss = np.sum(np.square(predictions - data[:, -1])) / 4
    loss.backward()
    by_hand = other.calculate_loss(XOR)
    by_hand.backward()
    assert loss.value == pytest.approx(by_hand.value / 4, rel=1e-14)
    assert grads(model) == pytest.approx([g / 4 for g in grads(other)], rel=1e-12)


def test_data_may_be_an_array() -> None:
    model = NN([2, 2, 1], seed=6)
    assert model.calculate_loss(np.array(XOR)).value == model.calculate_loss(XOR).value
    assert model.calculate_loss(iter(XOR)).value == model.calculate_loss(XOR).value


def test_parameters_and_their_views() -> None:
    model = NN([2, 3, 2], seed=1)
    assert len(model.parameters) == 3 * 3 + 2 * 4
    expected = []
    for weights, biases in zip(model.weights, model.biases, strict=True):
        for neuron, bias in zip(weights, biases, strict=True):
            expected += [*neuron, bias]
    assert list(map(id, expected)) == list(map(id, model.parameters))
    assert [[len(w) for w in layer] for layer in model.weights] == [[2, 2, 2], [3, 3]]
    bare = NN([2, 3, 2], bias=False, seed=1)
    assert bare.biases == [[], []]
    assert len(bare.parameters) == 2 * 3 + 3 * 2
    assert model.arch == [2, 3, 2]
    model.arch.append(4)
    assert model.arch == [2, 3, 2]


def test_whatever_is_put_among_the_parameters_counts(var: type[Var]) -> None:
    """The article's finite-difference loop adds to model.parameters[i] and takes it away again."""
    model = NN([2, 2, 1], seed=1, var=var)
    loss = model.calculate_loss(XOR)
    loss.backward()
    saved, slopes, eps = list(model.parameters), grads(model), 1e-6
    for i in range(len(model.parameters)):
        model.parameters[i] += eps
        assert ((model.calculate_loss(XOR) - loss) / eps).value == pytest.approx(slopes[i], rel=1e-4)
        model.parameters[i] -= eps
    model.parameters[:] = saved
    assert model.calculate_loss(XOR).value == loss.value


def test_a_subclass_may_have_a_forward_of_its_own() -> None:
    class Half(NN):
        def forward(self, *inputs: Any) -> Any:
            return super().forward(*inputs) / 2

    model = Half([2, 2, 1], seed=1)
    wanted = sum((NN([2, 2, 1], seed=1)(p, q).value / 2 - target) ** 2 for p, q, target in XOR)
    assert model.calculate_loss(XOR).value == pytest.approx(wanted, rel=1e-14)
    assert model(0, 1).value == model.forward(0, 1).value


def test_copies_are_equal_and_independent() -> None:
    model = NN([2, 2, 1], "tanh", seed=1)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin(1, 0).value == model(1, 0).value
        twin.parameters[0].value += 1
        assert twin(1, 0).value != model(1, 0).value


def test_sigmoid(var: type[Var]) -> None:
    model = NN([2, 1], seed=0, var=var)
    assert model.sigmoid(0.75) == model.sigmoid(var(0.75)).value == pytest.approx(1 / (1 + math.exp(-0.75)), rel=1e-15)
    assert isinstance(model.sigmoid(1), float)


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (NN([2, 2, 1]), "<NN [2, 2, 1], sigmoid, 9 parameters>"),
        (NN((2, 1), "tanh", bias=False), "<NN [2, 1], tanh, no bias, 2 parameters>"),
        (NN([1, 3, 1], "relu", "identity"), "<NN [1, 3, 1], relu identity, 10 parameters>"),
        (NN([1, 1], bias=False), "<NN [1, 1], sigmoid, no bias, 1 parameter>"),
    ],
)
def test_repr(model: NN, text: str) -> None:
    assert repr(model) == text


ANY: Any = NN  # wrong arguments are what these tests are about


@pytest.mark.parametrize(
    ("build", "kind", "words"),
    [
        (lambda: ANY(3), TypeError, ["arch", "int", "3", "[2, 2, 1]"]),
        (lambda: ANY("221"), TypeError, ["arch", "str"]),
        (lambda: ANY([2]), ValueError, ["at least two", "[2]"]),
        (lambda: ANY([]), ValueError, ["at least two", "[]"]),
        (lambda: ANY([2, 0, 1]), ValueError, ["positive", "0"]),
        (lambda: ANY([2, -1]), ValueError, ["positive", "-1"]),
        (lambda: ANY([2, True]), TypeError, ["bool", "True"]),
        (lambda: ANY([2, 1.0]), TypeError, ["float", "1.0"]),
        (lambda: ANY([2, 1], "sigmiod"), ValueError, ["'sigmiod'", "did you mean 'sigmoid'", "tanh"]),
        (lambda: ANY([2, 1], "Tanh"), ValueError, ["'Tanh'", "did you mean 'tanh'"]),
        (lambda: ANY([2, 1], "swish"), ValueError, ["did you mean 'silu'"]),
        (lambda: ANY([2, 1], "LeakyReLU"), ValueError, ["did you mean 'leaky_relu'"]),
        (lambda: ANY([2, 1], "logistic"), ValueError, ["did you mean 'sigmoid'"]),
        (lambda: ANY([2, 1], init="xavier"), ValueError, ["did you mean 'xavier_uniform'"]),
        (lambda: ANY([2, 1], init="GlorotUniform"), ValueError, ["did you mean 'glorot_uniform'"]),
        (lambda: ANY([2, 1], "q"), ValueError, ["'q'", "known: sigmoid"]),
        (lambda: ANY([2, 2, 1], "q", "tanh"), ValueError, ["'q'"]),
        (lambda: ANY([2, 1], "q", "tanh"), ValueError, ["'q'"]),
        (lambda: ANY([2, 1], math.tanh), TypeError, ["activation", "builtin_function_or_method"]),
        (lambda: ANY([2, 1], output_activation=3), TypeError, ["activation", "int"]),
        (lambda: ANY([2, 1], output_activation="rleu"), ValueError, ["did you mean 'relu'"]),
        (
            lambda: ANY([2, 3], ["LogSoftmax"]),
            ValueError,
            ["'cross_entropy'", "output_activation='identity'"],
        ),
        (lambda: ANY([2, 2, 1], ["tanh"]), ValueError, ["1 name(s)", "2 layer(s)"]),
        (lambda: ANY([2, 1], ["tanh"], "tanh"), ValueError, ["list", "output_activation"]),
        (lambda: ANY([2, 1], [None]), TypeError, ["NoneType"]),
        (lambda: ANY([2, 1], init="uniforms"), ValueError, ["init", "did you mean 'uniform'"]),
        (lambda: ANY([2, 1], init=0), TypeError, ["init", "int"]),
        (lambda: ANY([2, 1], seed=0.5), TypeError, ["seed", "float", "0.5"]),
        (lambda: ANY([2, 1], seed="a"), TypeError, ["seed", "str"]),
        (lambda: ANY([2, 1], var=float), TypeError, ["var", "float", "reference"]),
    ],
)
def test_wrong_network(build: Callable[[], NN], kind: type[Exception], words: list[str]) -> None:
    random.seed(0)
    state = random.getstate()
    with pytest.raises(kind) as caught:
        build()
    assert [word for word in words if word not in str(caught.value)] == []
    assert random.getstate() == state


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda m: m(1), ValueError, ["takes 2 input", "got 1", "[2, 2, 1]"]),
        (lambda m: m(1, 2, 3), ValueError, ["takes 2 input", "got 3"]),
        (lambda m: m(), ValueError, ["got 0"]),
        (lambda m: m([1, 2, 3]), ValueError, ["got 3"]),
        (lambda m: m("ab"), ValueError, ["got 1"]),
        (lambda m: m("a", "b"), TypeError, ["an input", "str", "'a'"]),
        (lambda m: m(None, 1), TypeError, ["NoneType"]),
        (lambda m: m(1j, 1), TypeError, ["complex"]),
        (lambda m: m([[0, 1], [1, 0]]), TypeError, ["an input", "list"]),
        (lambda m: m(np.zeros((3, 3))), ValueError, ["(..., 2)", "(3, 3)"]),
        (lambda m: m(np.array(1.0)), ValueError, ["(..., 2)", "()"]),
        (lambda m: m(np.array(["a", "b"])), TypeError, ["an input", "'a'"]),
        (lambda m: m.calculate_loss([]), ValueError, ["no rows"]),
        (lambda m: m.calculate_loss(3), TypeError, ["list of rows", "int"]),
        (lambda m: m.calculate_loss([0, 1, 1]), TypeError, ["row 0", "int"]),
        (lambda m: m.calculate_loss(["abc"]), TypeError, ["row 0", "str"]),
        (lambda m: m.calculate_loss([[0, 1, 1], [0, 1]]), ValueError, ["row 1", "2 value", "2 input", "1 target"]),
        (lambda m: m.calculate_loss([[0, 1, 1, 1]]), ValueError, ["row 0", "4 value"]),
        (lambda m: m.calculate_loss([[0, 1, "1"]]), TypeError, ["a target", "str"]),
        (lambda m: m.calculate_loss([[0, None, 1]]), TypeError, ["NoneType"]),
    ],
)
def test_wrong_inputs_change_nothing(call: Callable[[Any], Any], kind: type[Exception], words: list[str]) -> None:
    model = NN([2, 2, 1], seed=0)
    before = pickle.dumps(model)
    with pytest.raises(kind) as caught:
        call(model)
    assert [word for word in words if word not in str(caught.value)] == []
    assert pickle.dumps(model) == before
