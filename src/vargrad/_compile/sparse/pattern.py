"""Where the entries of a sparse matrix of derivatives are, over several recorded paths."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy
import numpy.typing

from vargrad._compile.paths import Output, Path

Places: TypeAlias = numpy.typing.NDArray[numpy.int64]


class Pattern:
    """The entries of a matrix, row by row, each by increasing column.

    ``places``: each entry's row times the width of the matrix, plus its column; in increasing order.
    """

    def __init__(self, shape: tuple[int, int], places: Places) -> None:
        self.shape = shape
        self.places = places

    def __len__(self) -> int:
        return len(self.places)

    def with_entries(self, parts: Iterable[Places]) -> Pattern:
        """This pattern with more entries."""
        new = [part for part in parts if part is not self.places]
        if not len(self) and len(new) == 1:
            return Pattern(self.shape, new[0])
        return Pattern(self.shape, numpy.unique(numpy.concatenate([self.places, *new]))) if new else self

    def lacks(self, places: Places) -> bool:
        """Whether an entry is not in the pattern."""
        return not numpy.isin(places, self.places, assume_unique=True).all()

    def rows_and_columns(self) -> tuple[Any, Any]:
        """New arrays of int32, or of int64 for a matrix that needs it."""
        rows, columns = numpy.divmod(self.places, max(self.shape[1], 1))
        return rows.astype(self._kind()), columns.astype(self._kind())

    def compressed(self) -> tuple[Any, Any]:
        """New arrays ``indices`` and ``indptr`` of the CSR format."""
        starts = numpy.arange(self.shape[0] + 1) * max(self.shape[1], 1)
        return self.rows_and_columns()[1], numpy.searchsorted(self.places, starts).astype(self._kind())

    def _kind(self) -> Any:
        return numpy.int32 if max(*self.shape, len(self)) <= numpy.iinfo(numpy.int32).max else numpy.int64


class Layout:
    """Which entries of a pattern each path's outputs are; and the pattern in the CSR format."""

    def __init__(self, pattern: Pattern, output: Output) -> None:
        self.pattern = pattern
        self._output = output
        self._at: dict[Path, Places | None] = {}
        self._compressed: tuple[Any, Any] | None = None

    def takes(self, path: Path) -> bool:
        """Whether all entries of a path are in the pattern."""
        if path in self._at:
            return True
        places = places_of(path, self._output, self.pattern.shape)
        if self.pattern.lacks(places):
            return False
        whole = len(places) == len(self.pattern)
        self._at[path] = None if whole else numpy.searchsorted(self.pattern.places, places)
        return True

    def at(self, path: Path) -> Places | None:
        """Which entries a path's are, None for all in their order; the pattern has to take it."""
        return self._at[path]

    def compressed(self) -> tuple[Any, Any]:
        """The arrays ``indices`` and ``indptr`` of the CSR format; not to be changed."""
        if self._compressed is None:
            self._compressed = self.pattern.compressed()
        return self._compressed


def places_of(path: Path, output: Output, shape: tuple[int, int]) -> Places:
    """The entries of one path, as a pattern of this shape numbers them."""
    entries = path.nonzeros(output)
    found: Places = entries.rows.astype(numpy.int64) * max(shape[1], 1) + entries.columns
    return found
