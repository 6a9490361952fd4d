"""What both twins say of wrong input, once."""

from __future__ import annotations

import numbers
import sys
from array import array
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

LOSES = (
    "{0}() of a Var would lose its derivative: use v.value to leave the graph, vargrad.math for its functions, an "
    "array with dtype=object to hold Vars, or f'{{v:.2f}}' for text ('%.2f' % v calls float(v))"
)


def kind_of_scalar(value: Any) -> str | None:
    """The letter that NumPy has for the kind of its scalar; None for other things."""
    generic = getattr(sys.modules.get("numpy"), "generic", None)  # without it nothing is a scalar of NumPy
    return str(value.dtype.kind) if generic is not None and isinstance(value, generic) else None


def array_cure(x: Any) -> str | None:
    """For an array of a kind that is refused: what it is and what to give instead. None for all others."""
    numpy = sys.modules["numpy"]
    if type(x) is numpy.ndarray:
        return None
    if isinstance(x, numpy.matrix):
        return "a numpy.matrix, whose items are matrices again: give numpy.asarray(x)"
    if isinstance(x, numpy.ma.MaskedArray):
        return "a masked array: give x.filled(value), or x.compressed() for what is not masked"
    return None


def as_float(value: Any, what: str) -> float:
    """A real number as a float; TypeError or OverflowError that names ``what`` was wrong."""
    if isinstance(value, numbers.Real) or kind_of_scalar(value) == "b":
        try:
            return float(value)
        except OverflowError:
            raise OverflowError(f"{what} is too large for a float: {value!s:.20}...") from None
    kind = type(value).__name__
    if type(value).__module__ != "builtins":
        kind = f"{type(value).__module__}.{kind}"
    if type(value).__name__ == "Var":
        raise TypeError(f"{what} must be a plain number, not a Var: use its .value, or detach() for a new leaf")
    hint = "; build one Var per element" if hasattr(value, "__len__") and not isinstance(value, (str, bytes)) else ""
    raise TypeError(f"{what} must be a real number, not {kind} ({value!r:.60}){hint}")


def as_doubles(given: Any, what: str) -> Any:
    """A list or tuple of real numbers as an array of float64; anything else as it is. TypeError names the item."""
    if not isinstance(given, (list, tuple)):
        return given
    try:
        return array("d", given)
    except (TypeError, OverflowError):
        return array("d", [as_float(x, f"{what}[{i}]") for i, x in enumerate(given)])


def loses_in_a_ratio() -> TypeError:
    """What v.as_integer_ratio() raises, which Fraction and statistics call."""
    return TypeError(
        "as_integer_ratio() of a Var would lose its derivative: use v.value.as_integer_ratio() to leave the graph, or "
        "vargrad.math.mean and its like in place of the functions of statistics"
    )


def not_deletable(name: str) -> AttributeError:
    """What ``del v.name`` raises."""
    cure = {"grad": "set it to 0.0, or set requires_grad to False", "value": "set it, or delete the Var itself"}
    return AttributeError(f"the .{name} of a Var cannot be deleted: {cure.get(name, 'set it to False')}")


def loses_derivative(name: str) -> NoReturn:
    """What float(v), int(v) and the functions that call them raise."""
    raise TypeError(LOSES.format(name))


def no_grad_attribute(op: str | None) -> AttributeError:
    """What .grad raises where requires_grad is false."""
    what = "leaf" if op is None else f"result of {op!r}"
    return AttributeError(f"this Var ({what}) has no .grad: set requires_grad=True before backward()")


def computed_value(op: str) -> AttributeError:
    """What setting .value of a computed Var raises."""
    return AttributeError(
        f"the .value of a computed Var (result of {op!r}) follows from its operands and cannot be set; "
        "set a leaf's, or make a new leaf with detach()"
    )


def edited_leaf(recorded: float, current: float, op: str) -> RuntimeError:
    """What backward raises when a leaf changed after the forward pass."""
    return RuntimeError(
        f"a leaf used by {op!r} had the value {recorded!r} in the forward pass and has {current!r} now: its "
        "derivatives would mix both. Call backward() before editing leaves, or run the forward pass again"
    )


def computed_copy() -> TypeError:
    """What copying or pickling a computed Var raises."""
    return TypeError(
        "a computed Var cannot be copied or pickled, its graph stays behind: use v.detach() for a leaf with "
        "its value, or vargrad.compile for a program that can be stored"
    )


def three_argument_pow() -> TypeError:
    """What pow(x, y, z) raises, as for floats."""
    return TypeError("pow() 3rd argument not allowed unless all arguments are integers; a Var is a float")


def no_var(index: int, found: object) -> TypeError:
    """What a function of many Vars raises for something else."""
    return TypeError(f"leaves[{index}] must be a Var, not {type(found).__name__} ({found!r:.60})")


def no_buffer(what: str, found: object, expected: str, error: object) -> TypeError:
    """What a function that wants a buffer raises for something else."""
    return TypeError(f"{what} must be a {expected}, not {type(found).__name__}: {error}")


def wrong_buffer(what: str, expected: int, found: int, items: str) -> ValueError:
    """The same for a buffer of other items, or of more or fewer."""
    return ValueError(
        f"{what} must have {expected} items of float64 (format 'd'), one for each Var, not {found} of {items!r}"
    )


def check_node(op: object, previous: tuple[object, ...], is_var: tuple[bool, ...], table: Any) -> None:
    """The constructor's prev_* arguments against the formula sheet."""
    given = sum(p is not None for p in previous)
    if op is None:
        if given:
            raise ValueError("prev_var1 and prev_var2 need prev_op, the name of the operation that made this value")
        return
    if type(op) is not str:  # a subclass's __hash__ or __eq__ could answer differently later
        raise TypeError(f"prev_op must be a str, not {type(op).__name__} ({op!r:.60}): give str(prev_op)")
    if op not in table:
        raise ValueError(f"prev_op={op!r} is no operation of one or two operands; known are {', '.join(table)}")
    arity = table[op].arity
    if given != arity or previous[0] is None:
        raise ValueError(f"prev_op={op!r} takes {arity} operand(s), got {given}")
    for name, value, good in zip(("prev_var1", "prev_var2"), previous[:arity], is_var, strict=False):
        if not good:
            raise TypeError(f"{name} must be a Var, not {type(value).__name__}")


def known(what: str, name: object, names: Iterable[str], others: Mapping[str, str] | None = None) -> str:
    """``name`` if it is one of ``names``; else an error that has the nearest of them.

    ``others``: what other libraries call them, in small letters and digits alone, and which of ``names`` each is.
    """
    names = tuple(names)
    if not isinstance(name, str):
        raise TypeError(f"{what} must be a name, not {type(name).__name__} ({name!r:.60}); known: {', '.join(names)}")
    if name not in names:
        import difflib

        meant = {foreign: ours for foreign, ours in (others or {}).items() if ours in names}
        meant |= {_letters(ours): ours for ours in names}
        near = difflib.get_close_matches(_letters(name), meant, n=1)
        guess = f"; did you mean {meant[near[0]]!r}?" if near else ";"
        raise ValueError(f"{what} {name!r:.60} is not known{guess} known: {', '.join(names)}")
    return name


def _letters(name: str) -> str:
    """A name without what libraries spell differently: capitals, underscores, hyphens."""
    return "".join(x for x in name.lower() if x.isalnum())


def warn(message: str) -> None:
    """A UserWarning that points to the first caller outside of this package."""
    import warnings

    depth, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] == "vargrad":
        depth, frame = depth + 1, frame.f_back
    warnings.warn(message, stacklevel=depth)
