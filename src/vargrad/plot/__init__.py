"""Pictures of learning, by matplotlib: ``pip install 'vargrad[plot]'``; ``vargrad.plot.text`` draws them as text.

Each function draws live objects into ``ax``, or into axes of a new figure, and returns the axes. None of them shows a
window or chooses matplotlib's backend: that is ``matplotlib.pyplot.show()``, or ``ax.figure.savefig("name.png")``.

>>> from vargrad import plot
>>> ax = plot.activation("sigmoid")
>>> [line.get_label() for line in ax.lines]
['sigmoid', 'derivative']
"""

from __future__ import annotations

from vargrad._util.public import show_as as _show_as
from vargrad.plot import text as text
from vargrad.plot.axes import activation, activations, boundary, costs, differences, knobs, losses, network

__all__ = ["activation", "activations", "boundary", "costs", "differences", "knobs", "losses", "network", "text"]

_show_as(__name__, [activation, activations, boundary, costs, differences, knobs, losses, network])


def __dir__() -> list[str]:
    return sorted(__all__)
