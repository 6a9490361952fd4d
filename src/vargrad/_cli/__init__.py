"""The command line: and, xor, info, draw, explain, grad, bench, compare."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 0; 1 with a message, or if it has not learned; 2 for wrong usage.

    Wrong usage that argparse sees raises SystemExit. A user's mistake gives a message, never a traceback.
    """
    for name in ("stdout", "stderr"):  # closed, as by >&- or in pythonw
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 -- for the rest of the process
    try:
        status = _run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        _complain("interrupted", before="\n")
        return 130
    except OSError as error:
        # Flushing again at the end of the process would fail again, with a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno not in (errno.EPIPE, errno.EINVAL):  # those: the reader has seen enough, as in `| head`
            _complain(f"cannot write the output: {error.strerror or error}")
        return 1


def _run(arguments: Sequence[str]) -> int:
    from vargrad._cli import parser

    options = parser.parse(arguments)
    if options.command is None:
        parser.parse(["--help"])
    from vargrad._cli import backends, expression, terminal

    try:
        return _command(options)
    except backends.Missing as missing:
        _complain(str(missing))
    except expression.Mistake as mistake:
        first, *place = mistake.lines(terminal.width())
        _complain(first)
        for line in place:
            terminal.say(line, file=sys.stderr)
        return mistake.status
    except ImportError as error:  # of an extra: the message names it
        if error.__cause__ is None:
            raise
        _complain(str(error))
    return 1


def _command(options: argparse.Namespace) -> int:
    if options.command in ("draw", "explain", "grad"):
        from vargrad._cli import graph

        return graph.show(options)
    if options.command == "info":
        from vargrad._cli import info

        return info.show(options.json)
    if options.command in ("bench", "compare"):
        from vargrad._cli import bench, compare

        return bench.show(options.json) if options.command == "bench" else compare.show(options.json)
    from vargrad._cli import train

    return train.show(options)


def _complain(message: str, before: str = "") -> None:
    from vargrad._cli import terminal

    name = terminal.paint("vargrad", "wrong", sys.stderr)
    terminal.say(f"{before}{name}: {message}", file=sys.stderr)
