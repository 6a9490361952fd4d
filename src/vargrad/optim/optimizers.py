"""The optimisers: torch's update rules, names and defaults, over a network's parameters or any list of Vars."""

from __future__ import annotations

from typing import ClassVar

from vargrad._util.settings import Flag, Number, Pair
from vargrad.optim import rules
from vargrad.optim.base import Optimizer, Parameters


class SGD(Optimizer):
    """Gradient descent, p -= lr * grad, with momentum; torch.optim.SGD.

    ``momentum``: how much of the last step is kept; ``dampening``: how much of the gradient is left out of it;
    ``weight_decay``: an L2 term's factor; ``nesterov``: look ahead (needs momentum and no dampening); ``maximize``:
    climb. Raises ValueError or TypeError for settings out of range.

    >>> from vargrad import Var, optim
    >>> x = Var(3.0, requires_grad=True)
    >>> optimizer = optim.SGD([x], lr=0.1, momentum=0.5)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (2 * x).backward()
    ...     optimizer.step()
    >>> round(x.value, 12)  # 3 - 0.1 * 2 - 0.1 * (0.5 * 2 + 2)
    2.5
    """

    momentum: Number = Number(0)
    dampening: Number = Number()
    weight_decay: Number = Number(0)
    nesterov: Flag = Flag()
    maximize: Flag = Flag()
    settings: ClassVar[tuple[str, ...]] = ("lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize")

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
        )

    def _chosen(self) -> rules.Rule:
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            raise ValueError(
                f"SGD: nesterov needs momentum above 0 and dampening 0, not {self.momentum:g} and {self.dampening:g}"
            )
        return rules.sgd(self.momentum, self.dampening, self.weight_decay, self.nesterov, self.maximize)


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015); torch.optim.Adam.

    ``betas``: decay of the running means of the gradient and of its square; ``eps``: added to the denominator;
    ``weight_decay``: an L2 term's factor; ``amsgrad``: divide by the largest mean square so far (Reddi et al. 2018).
    Raises ValueError or TypeError for settings out of range.

    >>> from vargrad import Var, optim
    >>> x = Var(3.0, requires_grad=True)
    >>> optimizer = optim.Adam([x], lr=0.1)
    >>> (x**2).backward()
    >>> optimizer.step()
    >>> round(x.value, 6)  # the first step is lr long, whatever the gradient
    2.9
    """

    betas: Pair = Pair(0, 1, open_above=True)
    eps: Number = Number(0)
    weight_decay: Number = Number(0)
    amsgrad: Flag = Flag()
    maximize: Flag = Flag()
    settings: ClassVar[tuple[str, ...]] = ("lr", "betas", "eps", "weight_decay", "amsgrad", "maximize")

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad, maximize=maximize
        )

    def _chosen(self) -> rules.Rule:
        beta1, beta2 = self.betas
        return rules.adam(beta1, beta2, self.eps, self.weight_decay, self.amsgrad, self.maximize)


class AdamW(Adam):
    """Adam with weight decay beside the gradient (Loshchilov and Hutter 2019); torch.optim.AdamW.

    ``weight_decay``: what lr takes from each parameter at a step; the rest is Adam's.

    >>> from vargrad import Var, optim
    >>> x = Var(3.0, requires_grad=True)
    >>> optimizer = optim.AdamW([x], lr=0.1, weight_decay=0.5)
    >>> optimizer.step()  # no gradient: decay alone
    >>> round(x.value, 12)
    2.85
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)

    def _chosen(self) -> rules.Rule:
        beta1, beta2 = self.betas
        return rules.adamw(beta1, beta2, self.eps, self.weight_decay, self.amsgrad, self.maximize)


class NAdam(Optimizer):
    """Adam with Nesterov's look ahead (Dozat 2016); torch.optim.NAdam.

    ``momentum_decay``: how fast the momentum grows to its full size; ``decoupled_weight_decay``: decay beside the
    gradient, as AdamW has it; the rest is Adam's. Raises ValueError or TypeError for settings out of range.

    >>> from vargrad import Var, optim
    >>> x = Var(3.0, requires_grad=True)
    >>> optimizer = optim.NAdam([x], lr=0.1)
    >>> (x**2).backward()
    >>> optimizer.step()
    >>> 2.8 < x.value < 2.9  # a little more than Adam
    True
    """

    betas: Pair = Pair(0, 1, open_above=True)
    eps: Number = Number(0)
    weight_decay: Number = Number(0)
    momentum_decay: Number = Number(0)
    decoupled_weight_decay: Flag = Flag()
    maximize: Flag = Flag()
    settings: ClassVar[tuple[str, ...]] = (
        "lr",
        "betas",
        "eps",
        "weight_decay",
        "momentum_decay",
        "decoupled_weight_decay",
        "maximize",
    )

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            momentum_decay=momentum_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
        )

    def _chosen(self) -> rules.Rule:
        beta1, beta2 = self.betas
        decay, decoupled = self.momentum_decay, self.decoupled_weight_decay
        return rules.nadam(beta1, beta2, self.eps, self.weight_decay, decay, decoupled, self.maximize)


class RMSprop(Optimizer):
    """RMSprop (Hinton's lecture 6e of 2012); torch.optim.RMSprop.

    ``alpha``: decay of the running mean of the squared gradient; ``eps``: added to the denominator; ``weight_decay``:
    an L2 term's factor; ``momentum``: how much of the last step is kept; ``centered``: divide by the standard deviation
    instead (Graves 2013). Raises ValueError or TypeError for settings out of range.

    >>> from vargrad import Var, optim
    >>> x = Var(3.0, requires_grad=True)
    >>> optimizer = optim.RMSprop([x], lr=0.1)
    >>> (x**2).backward()
    >>> optimizer.step()
    >>> round(x.value, 6)  # 3 - 0.1 / sqrt(1 - 0.99)
    2.0
    """

    alpha: Number = Number(0, 1)
    eps: Number = Number(0)
    weight_decay: Number = Number(0)
    momentum: Number = Number(0)
    centered: Flag = Flag()
    maximize: Flag = Flag()
    settings: ClassVar[tuple[str, ...]] = ("lr", "alpha", "eps", "weight_decay", "momentum", "centered", "maximize")

    def __init__(
        self,
        parameters: Parameters,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            parameters,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
            maximize=maximize,
        )

    def _chosen(self) -> rules.Rule:
        return rules.rmsprop(self.alpha, self.eps, self.weight_decay, self.momentum, self.centered, self.maximize)
