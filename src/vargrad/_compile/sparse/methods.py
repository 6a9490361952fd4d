"""The method of compiled functions that tells where a sparse derivative has entries."""

from __future__ import annotations

from typing import Any

from vargrad._compile.sparse import calls
from vargrad._util.argnums import Argnums


class HasPattern:
    """A compiled function, as far as patterns go."""

    def pattern(self, what: str, /, *args: Any, argnums: Argnums | None = None, **kwargs: Any) -> tuple[Any, Any]:
        """Where a sparse derivative has entries: an array of rows and one of columns, in the order of a CSR matrix.

        ``what``: "jacobian" or "hessian". ``args``, ``kwargs``: as of the call, numbers or arrays of rows; the paths
        that they take are recorded. Rows count the results' numbers, or for a Hessian the arguments'; columns count the
        numbers of the arguments of ``argnums``, all by default. An entry is whatever is not 0 by its formula on one
        of the paths recorded so far: another path may bring more, and a call with ``sparse="values"`` that finds one is
        a RecordingError until the pattern is asked for again.

        >>> import vargrad
        >>> f = vargrad.compile(lambda x: [x[0] * x[1], x[2]], signature="(n)->(n_out)")
        >>> [each.tolist() for each in f.pattern("jacobian", [3.0, 4.0, 5.0])]
        [[0, 0, 1], [0, 1, 2]]
        >>> f.jacobian([3.0, 4.0, 5.0], sparse="values").tolist()
        [4.0, 3.0, 1.0]
        """
        return calls.pattern(self, what, args, kwargs, argnums)  # type: ignore[arg-type]
