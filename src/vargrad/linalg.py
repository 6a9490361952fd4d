"""Small linear algebra under numpy.linalg's names, for lists and arrays that hold Vars and floats.

In eager code the numbers are LAPACK's, and derivatives of any order follow the rules for matrices: a solution costs two
nodes for each unknown, not the n**3 of an elimination. While ``compile`` records, the same is made of scalar operations
whose pivots are selections: all rows of a batch take one path, and a singular matrix gives inf or nan there, as a
division by zero does. Arrays of plain numbers are left to NumPy. Matrices may be stacked, as in numpy.linalg.

>>> from vargrad import Var, linalg
>>> a = [[Var(4.0, requires_grad=True), 1.0], [1.0, 3.0]]
>>> sign, logarithm = linalg.slogdet(a)
>>> logarithm.backward()
>>> round(a[0][0].grad, 12)  # of the inverse, 3 / 11
0.272727272727
"""

from __future__ import annotations

from vargrad._arrays import dispatch as _dispatch  # noqa: F401  results are arrays that NumPy's functions know
from vargrad._arrays.factors import cholesky as cholesky
from vargrad._arrays.factors import qr as qr
from vargrad._arrays.least import lstsq as lstsq
from vargrad._arrays.least import norm as norm
from vargrad._arrays.linear import det as det
from vargrad._arrays.linear import inv as inv
from vargrad._arrays.linear import slogdet as slogdet
from vargrad._arrays.linear import solve as solve
from vargrad._arrays.spectrum import eigh as eigh
from vargrad._arrays.spectrum import eigvalsh as eigvalsh
from vargrad._util.public import show_as as _show_as

__all__ = ["cholesky", "det", "eigh", "eigvalsh", "inv", "lstsq", "norm", "qr", "slogdet", "solve"]

_show_as(__name__, [globals()[_name] for _name in __all__])
