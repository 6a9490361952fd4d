"""The arguments of all commands, with examples in their help."""

from __future__ import annotations

import argparse
import math
import re
import textwrap
from collections.abc import Sequence

from vargrad._cli import terminal
from vargrad._util.version import __version__

GATES = (("and", 1000, 0.1), ("xor", 2000, 1.0))  # steps and rate with which each is learned
ON_EXPRESSIONS = ("draw", "explain", "grad")
_HELP = {
    "grad": (
        "value and derivatives of an expression",
        """  python -m vargrad grad "(x**2 + 3)**2 + y" x=53 y=-17
  python -m vargrad grad "sin(x) / x if x != 0 else 1" x=pi/3 --json""",
    ),
    "explain": (
        "the derivation step by step: forward values, then the chain rule from the result back to the variables",
        """  python -m vargrad explain "(x**2 + 3)**2 + y" x=53 y=-17
  python -m vargrad explain "sigmoid(w*x + b)" w=0.5 x=2 b=-1""",
    ),
    "draw": (
        "the graph of an expression with its values and derivatives: as text, or in a file",
        """  python -m vargrad draw "(x**2 + 3)**2 + y" x=53 y=-17
  python -m vargrad draw "(x**2 + 3)**2 + y" x=53 y=-17 -o graph.svg
  python -m vargrad draw "(x**2 + 3)**2 + x" x=53 --steps -o steps.html""",
    ),
}
_OPTION = re.compile(r"-o|-h$|--[a-z]|--?$")
_TEXTS = argparse.RawDescriptionHelpFormatter


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of one command; SystemExit with status 2 and a message for what does not fit."""
    parser = _parser()
    given = list(arguments)
    if given and given[0].lower() in _COMMANDS:
        given[0] = given[0].lower()
    if not given or given[0] not in ON_EXPRESSIONS:
        return parser.parse_args(given)
    # An expression may begin with a minus: with a space before it argparse takes it for no option.
    given[1:] = [f" {x}" if x[:1] == "-" and not _OPTION.match(x) else x for x in given[1:]]
    options, rest = parser.parse_known_args(given)
    options.values += [x for x in rest if "=" in x and x[:1] != "-"]  # those that stand behind an option
    rest = [x for x in rest if x not in options.values]
    if rest:
        parser.error(
            f"unrecognized arguments: {' '.join(rest):.80}\n"
            "An expression with spaces, stars or parentheses needs quotes, "
            f'as in {options.command} "(x**2 + 3)**2 + y" x=53 y=-17'
        )
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vargrad",
        description=_sentence("derivatives of expressions, explained and drawn; the tutorial's networks at work"),
        epilog="""examples:
  python -m vargrad explain "(x**2 + 3)**2 + y" x=53 y=-17
  python -m vargrad draw "(x**2 + 3)**2 + y" x=53 y=-17 -o graph.svg
  python -m vargrad xor --plot

Each command has its own help: python -m vargrad explain --help""",
        formatter_class=_TEXTS,
    )
    parser.add_argument("--version", "-V", action="version", version=f"vargrad {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name in ON_EXPRESSIONS:
        _expression(commands, name)
    for gate, steps, lr in GATES:
        _gate(commands, gate, steps, lr)
    for name, what in (
        ("info", "versions, and which backend is active and why"),
        ("bench", "how long the README's programs take here, beside pure Python and the tutorial's class"),
        ("compare", "the same programs on both backends: equal to the bit, then timed"),
    ):
        command = commands.add_parser(
            name,
            help=what,
            description=_sentence(what),
            epilog=f"examples:\n  python -m vargrad {name}\n  python -m vargrad {name} --json",
            formatter_class=_TEXTS,
        )
        command.add_argument("--json", action="store_true", help="print JSON, for other programs")
    return parser


_COMMANDS = (*ON_EXPRESSIONS, *(gate for gate, _, _ in GATES), "info", "bench", "compare")


def _sentence(what: str) -> str:
    """In lines as argparse would make them, had it not been told to leave the examples as they are."""
    return textwrap.fill(f"{what[0].upper()}{what[1:]}.", terminal.width() - 2)


def _expression(commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str) -> None:
    what, examples = _HELP[name]
    command = commands.add_parser(
        name,
        help=what,
        description=_sentence(what),
        epilog=f"examples:\n{examples}\n\n"
        "The expression is written as in Python: + - * / // % **, a if c else b, numbers,\n"
        "variables, and the functions of vargrad.math, such as sin or dot([a, b], [c, d]).",
        formatter_class=_TEXTS,
    )
    command.add_argument("expression", metavar="EXPR", help='the expression, in quotes: "(x**2 + 3)**2 + y"')
    command.add_argument("values", metavar="NAME=NUMBER", nargs="*", help="the value of each variable: x=53 y=-17")
    command.add_argument("--json", action="store_true", help="print JSON, for other programs")
    if name == "draw":
        command.add_argument(
            "-o", "--output", metavar="FILE", help="svg, png, pdf, html, dot, mmd or txt, by its ending"
        )
        command.add_argument("--steps", action="store_true", help="a page that walks through the graph: -o steps.html")
        command.add_argument(
            "--theme", choices=("auto", "light", "dark"), default="auto", help="colours (default: %(default)s)"
        )


def _gate(commands: argparse._SubParsersAction[argparse.ArgumentParser], gate: str, steps: int, lr: float) -> None:
    what = f"watch the tutorial's network learn {gate.upper()}, then time the same program in C and in pure Python"
    command = commands.add_parser(
        gate,
        help=what,
        description=_sentence(what),
        epilog=f"""examples:
  python -m vargrad {gate}
  python -m vargrad {gate} --method finite-difference --steps 200
  python -m vargrad {gate} --plot
  python -m vargrad {gate} --plot {gate}.png --html steps.html

Exit status: 0 if it has learned, 1 if not.""",
        formatter_class=_TEXTS,
    )
    command.add_argument(
        "--method",
        choices=("backprop", "finite-difference"),
        default="backprop",
        help="how derivatives are found (default: %(default)s)",
    )
    command.add_argument("--steps", type=_steps, default=steps, help="steps of gradient descent (default: %(default)s)")
    command.add_argument("--lr", type=_rate, default=lr, help="learning rate (default: %(default)s)")
    command.add_argument("--seed", type=int, default=0, help="seed of the first parameters (default: %(default)s)")
    command.add_argument(
        "--backend",
        choices=("compiled", "python"),
        help="the backend that trains (default: the compiled core where there is one)",
    )
    command.add_argument(
        "--plot",
        metavar="FILE",
        nargs="?",
        const="",
        help="loss, network and decision boundary: in the terminal, or in a file (png, svg, pdf) by matplotlib",
    )
    command.add_argument("--html", metavar="FILE", help="a page that walks through the first step of the training")
    command.add_argument("--json", action="store_true", help="print JSON alone, for other programs, and time nothing")


def _steps(text: str) -> int:
    try:
        steps = int(text)
    except ValueError:
        steps = 0
    if steps < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of steps: give a whole number from 1 up")
    return steps


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 < rate < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a learning rate: give a number above 0, such as 0.1")
    return rate
