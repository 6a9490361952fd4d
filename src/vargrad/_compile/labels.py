"""Series and DataFrames of pandas as arguments: results get their index, as from a ufunc of NumPy.

pandas is not imported here: without it nobody has such an argument.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of a call's rows: an index, columns where the rows are those of a DataFrame, and a Series' name."""

    index: Any
    columns: Any
    name: Any

    def of(self, results: Any) -> Any:
        """The results, in tuples and lists, with each array of a number a row as a Series or DataFrame."""
        if isinstance(results, (tuple, list)):
            parts = [self.of(part) for part in results]
            return results._make(parts) if hasattr(results, "_make") else type(results)(parts)
        pandas = sys.modules["pandas"]
        axes = (self.index,) if self.columns is None else (self.index, self.columns)
        if getattr(results, "shape", None) != tuple(map(len, axes)):
            return results  # of rows in more dimensions, or with a core of its own
        return pandas.DataFrame(results, *axes) if len(axes) == 2 else pandas.Series(results, *axes, name=self.name)


def labels(function: str, names: Sequence[str], values: Sequence[Any], cores: Sequence[Sequence[int]]) -> Labels | None:
    """The labels of a call's rows, None if no argument has any; ValueError if arguments have different ones."""
    pandas = sys.modules.get("pandas")
    if pandas is None or not hasattr(pandas, "DataFrame"):  # or it is being imported
        return None
    found: Labels | None = None
    first = ""
    for name, x, core in zip(names, values, cores, strict=True):
        if not isinstance(x, (pandas.Series, pandas.DataFrame)) or x.ndim <= len(core):
            continue
        wide = x.ndim - len(core) == 2
        new = Labels(x.index, x.columns if wide else None, getattr(x, "name", None))
        if found is None:
            found, first = new, name
            continue
        for axis, mine, other in (("index", found.index, new.index), ("columns", found.columns, new.columns)):
            if mine is not None and other is not None and not mine.equals(other):
                raise ValueError(
                    f"{function}(): arguments {first!r} and {name!r} have a different {axis}, and rows are taken by "
                    f"position: align them first, such as {first}, {name} = {first}.align({name}, join='inner')"
                )
        same = found.name == new.name if type(found.name) is type(new.name) else False
        found = Labels(
            found.index, new.columns if found.columns is None else found.columns, found.name if same else None
        )
    return found
