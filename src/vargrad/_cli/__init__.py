"""The command line: and, xor, info. Text is plain ASCII, so that every terminal and pipe can show it."""

from __future__ import annotations

import argparse
import errno
import math
import os
import sys
from collections.abc import Sequence

from vargrad._util.version import __version__

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 0, 1 with a message, 2 for wrong usage (SystemExit)."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    from vargrad._cli import backends, info, train

    try:
        if options.command == "info":
            info.show()
            status = 0
        else:
            status = train.show(options)
        sys.stdout.flush()
        return status
    except backends.Missing as missing:
        print(f"vargrad: {missing}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nvargrad: interrupted", file=sys.stderr)
        return 130
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EINVAL):  # Windows has the latter
            raise
        # Whoever reads our output has seen enough, as in `| head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vargrad",
        description="The tutorial's networks at work, on both of vargrad's backends.",
    )
    parser.add_argument("--version", action="version", version=f"vargrad {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for gate, steps, lr in (("and", 1000, 0.1), ("xor", 2000, 1.0)):
        what = f"watch the article's network learn {gate.upper()}, then race the twins on that very program"
        command = commands.add_parser(gate, help=what, description=what[0].upper() + what[1:] + ".")
        command.add_argument(
            "--method",
            choices=("backprop", "finite-difference"),
            default="backprop",
            help="how derivatives are found (default: %(default)s)",
        )
        command.add_argument(
            "--steps", type=_steps, default=steps, help="steps of gradient descent (default: %(default)s)"
        )
        command.add_argument("--lr", type=_rate, default=lr, help="learning rate (default: %(default)s)")
        command.add_argument("--seed", type=int, default=0, help="seed of the first parameters (default: %(default)s)")
        command.add_argument(
            "--backend",
            choices=("compiled", "python"),
            help="the twin that learns (default: the compiled core where there is one)",
        )
    commands.add_parser("info", help="versions, and which backend is active and why")
    return parser


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
