"""compile: record a function of floats once, run it and its derivatives over arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from threading import RLock
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy
import numpy.typing

from vargrad._compile.call import Argnums, Call, positions
from vargrad._compile.paths import Goal, Path
from vargrad._compile.recorder import RecordingError
from vargrad._compile.results import arranged, into, items, split, split_matrix
from vargrad._compile.signature import Batch, Binder, Signature, parse
from vargrad._compile.specialization import Variant
from vargrad._core.modes import thread
from vargrad._core.var import Var, add_grads
from vargrad._util.files import PathLike
from vargrad._vm.machine import Direct
from vargrad._vm.program import listing

if TYPE_CHECKING:
    from vargrad._compile.methods import Methods

__all__ = ["Compiled", "RecordingError", "compile"]
Array: TypeAlias = numpy.typing.NDArray[numpy.float64]

MOST_VARIANTS = 128  # a vector length each: half a megabyte for a thousand operations


@overload
def compile(f: Callable[..., Any], *, signature: str | None = None, max_paths: int = 256) -> Compiled: ...
@overload
def compile(
    f: None = None, *, signature: str | None = None, max_paths: int = 256
) -> Callable[[Callable[..., Any]], Compiled]: ...
def compile(
    f: Callable[..., Any] | None = None, *, signature: str | None = None, max_paths: int = 256
) -> Compiled | Callable[[Callable[..., Any]], Compiled]:
    """Record f when it is first called, and replay it and its derivatives over arrays from then on.

    ``f``: ordinary code on floats, with ``vargrad.math``; branches are followed row by row. ``signature``: NumPy's
    generalised-ufunc signature, such as ``"(n),()->()"``, for arguments and results that are vectors; without it every
    argument is a number. ``max_paths``: how many ways through f's branches may be recorded. Also a decorator, with or
    without arguments. Raises TypeError for what is no function, ValueError for what is no signature.

    >>> import numpy, vargrad
    >>> @vargrad.compile
    ... def f(x, y):
    ...     return x * y if x > 0 else -y
    >>> f(2.0, 3.0)
    6.0
    >>> f(numpy.array([2.0, -1.0]), 3.0).tolist()
    [6.0, -3.0]
    >>> f.value_and_grad(2.0, 3.0)
    (6.0, (3.0, 2.0))
    """
    if f is None:
        return lambda function: compile(function, signature=signature, max_paths=max_paths)
    from vargrad._compile import methods

    if isinstance(f, (classmethod, staticmethod)):
        kind = type(f).__name__
        cure = "make it a staticmethod of the numbers" if kind == "classmethod" else "write @staticmethod above it"
        raise TypeError(f"compile() takes a function, not a {kind}: {cure}")
    if callable(f) and methods.is_stateful(f):
        return methods.Watched(f, signature, max_paths)
    return Compiled(f, signature, max_paths)


class Compiled(Direct):
    """A recorded function. Every derivative is per row: shape of the broadcast arguments, then the core shapes."""

    def __init__(self, f: Callable[..., Any], signature: str | None = None, max_paths: int = 256) -> None:
        if not callable(f):
            raise TypeError(f"compile() takes a function, not {type(f).__name__} ({f!r:.60}): write compile(f)")
        if isinstance(max_paths, bool) or not isinstance(max_paths, int) or max_paths < 1:
            raise ValueError(f"compile(): max_paths must be an int of at least 1, not {max_paths!r:.60}")
        super().__init__()
        functools.update_wrapper(self, f, updated=("__dict__",) if isinstance(f, FunctionType) else ())
        self.__wrapped__ = f
        named = f.func if isinstance(f, functools.partial) else f
        self.__name__: str = getattr(named, "__name__", type(named).__name__)
        self.signature: Signature | None = None if signature is None else parse(signature)
        self.max_paths = max_paths
        self._binder = Binder(self.__name__, f, self.signature)
        self.lock = RLock()
        self._variants: dict[Any, Variant] = {}
        self._methods: Methods | None = None

    # ---- values: what Direct's methods do where no shortcut is

    def _value(self, *args: Any, out: Any = None, workers: int = 1, progress: bool = False, **kwargs: Any) -> Any:
        call = self._begin(args, kwargs, workers, progress)
        if call is None:
            self._refuse_out(out)
            return self.__wrapped__(*args, **kwargs)
        full = call.compute(("value", ()), items(out))
        structure = call.structure
        if out is None:
            self._remember("value", call, ("value", ()))
        return self._finished(call, out, structure.fill(split(full, structure.cores, call.batch.loop)))

    def _value_and_grad(
        self,
        *args: Any,
        argnums: Argnums = None,
        out: Any = None,
        workers: int = 1,
        progress: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, Any]:
        call, full = self._computed("value_and_grad", args, kwargs, workers, progress, argnums, out)
        if call is None:
            return full  # type: ignore[no-any-return]
        value = arranged(full[:1], (), call.batch.loop)
        gradient = call.by_argument(split(full[1:], call.cores(), call.batch.loop))
        return self._finished(call, out, (value, gradient))  # type: ignore[no-any-return]

    def _grad(
        self,
        *args: Any,
        argnums: Argnums = None,
        out: Any = None,
        workers: int = 1,
        progress: bool = False,
        **kwargs: Any,
    ) -> Any:
        call, full = self._computed("grad", args, kwargs, workers, progress, argnums, out)
        if call is None:
            return full
        return self._finished(call, out, call.by_argument(split(full, call.cores(), call.batch.loop)))

    def _jacobian(
        self,
        *args: Any,
        argnums: Argnums = None,
        out: Any = None,
        workers: int = 1,
        progress: bool = False,
        **kwargs: Any,
    ) -> Any:
        call, full = self._computed("jacobian", args, kwargs, workers, progress, argnums, out)
        if call is None:
            return full
        blocks = split_matrix(full, call.structure.cores, call.cores(), call.batch.loop)
        return self._finished(call, out, call.structure.fill([call.by_argument(row) for row in blocks]))

    def _hessian(
        self,
        *args: Any,
        argnums: Argnums = None,
        out: Any = None,
        workers: int = 1,
        progress: bool = False,
        **kwargs: Any,
    ) -> Any:
        call, full = self._computed("hessian", args, kwargs, workers, progress, argnums, out)
        if call is None:
            return full
        blocks = split_matrix(full, call.cores(), call.cores(), call.batch.loop)
        return self._finished(call, out, call.by_argument([call.by_argument(row) for row in blocks]))

    def _hvp(
        self,
        *args: Any,
        argnums: Argnums = None,
        out: Any = None,
        workers: int = 1,
        progress: bool = False,
        **kwargs: Any,
    ) -> Any:
        if not args:
            raise TypeError(f"{self.__name__}.hvp() takes the arguments and then the vector")
        *args, vector = args  # type: ignore[assignment]
        call, full = self._computed("hvp", args, kwargs, workers, progress, argnums, out, vector)
        if call is None:
            return full
        return self._finished(call, out, call.by_argument(split(full, call.cores(), call.batch.loop)))

    def _backward(self, *args: Any, workers: int = 1, progress: bool = False, **kwargs: Any) -> float:
        call = self._begin(args, kwargs, workers, progress)
        if call is None:
            raise TypeError(f"{self.__name__}.backward() takes numbers and arrays: a Var's derivative would be lost")
        call.require_scalar("backward")
        sums: dict[Path, Array] = {}
        for path, out in call.pieces(("backward", ())):
            part = out.sum(axis=1)
            sums[path] = sums[path] + part if path in sums else part
        value = float(sum(part[0] for part in sums.values()))
        self._remember("backward", call, ("backward", ()))
        if sums:  # one call for all paths: Ctrl-C comes before it or after it
            leaves = list(chain.from_iterable(path.graph.leaves for path in sums))
            add_grads(leaves, numpy.concatenate([part[1:] for part in sums.values()]))
        return value

    # ---- what there is

    @property
    def paths(self) -> int:
        """How many ways through the function have been recorded."""
        return sum(len(variant.paths) for variant in self._variants.values())

    def to_c(self, *args: Any, name: str | None = None, argnums: Argnums = None, **kwargs: Any) -> str:
        """C99 for the recorded paths: a function for the value, and one for value and derivatives.

        ``args``, ``kwargs``: numbers or arrays to record with first, and the way of calling that is meant; without
        any, the only way in which the function has been called. ``name``: the C function's, if not this one's.
        ``argnums``: the arguments to differentiate by. Closed-over leaves become constants, as they are now. A comment
        at the top of the text says how to call it. Raises ValueError for a name that C cannot have, and where it is
        not clear which recording is meant.

        >>> import vargrad
        >>> @vargrad.compile
        ... def area(a, b):
        ...     return a * b if a > 0 else 0.0
        >>> print(area.to_c([1.0, -1.0], 2.0))
        /* area: value and derivatives, from 2 recorded path(s).
        ...
        int area(const double *x, double *value) {
            if (!(0.0 < x[0])) {
                value[0] = 0.0;
                return 0;
            }
            const double v1 = x[0] * x[1];
            value[0] = v1;
            return 0;
        }
        ...
        """
        from vargrad._compile import to_c as _to_c

        if args or kwargs:
            call = self._begin(args, kwargs, 1)
            if call is None:
                raise TypeError(f"{self.__name__}.to_c() takes numbers and arrays to record with, not Vars")
            call.choose(argnums)
            call.compute(("value", ()))
            variant, wrt = call.variant, call.wrt
        else:
            recorded = [variant for variant in self._variants.values() if variant.paths]
            if len(recorded) != 1:
                raise ValueError(
                    f"{self.__name__}.to_c(): the function has been called in {len(recorded)} ways: give to_c() the "
                    "arguments of a call to record with"
                )
            variant = recorded[0]
            wrt = positions(self.__name__, len(variant.names), argnums)
        return _to_c.source(variant, wrt, name)

    def save(self, path: PathLike) -> None:
        """Write the recorded paths to a file, for ``vargrad.load_compiled``; closed-over leaves go by value.

        ``path``: the file, replaced if it is there, and only by a complete one. Raises ValueError where nothing is
        recorded yet, TypeError for results in a container that a file cannot hold.
        """
        from vargrad._compile import files

        files.save(self, path)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None or not isinstance(self.__wrapped__, FunctionType):
            return self
        if isinstance(instance, type):
            raise TypeError(
                f"{self.__name__}() is a classmethod: what it reads of its class would be frozen. Make it a method, or "
                "a staticmethod of the numbers"
            )
        from vargrad._compile import methods

        with self.lock:
            if self._methods is None:
                self._methods = methods.Methods(self)
            return self._methods.of(instance)

    def __reduce__(self) -> tuple[Any, ...]:
        from vargrad._compile.pickles import reduce

        return reduce(self)

    def __repr__(self) -> str:
        signature = f", signature={self.signature.text!r}" if self.signature else ""
        return f"<vargrad.compile({self.__name__}{signature}), {self.paths} path(s)>"

    def __str__(self) -> str:
        lines = [repr(self)]
        for variant in self._variants.values():
            for i, path in enumerate(variant.paths):
                lines.append(f"path {i}: {', '.join(variant.labels)} -> {path.structure}")
                names = [*variant.labels, *(f"leaf{k}" for k in range(len(path.graph.leaves)))]
                program = path.program(("value", ()))
                lines += [f"    {line}" for line in listing(program, names)]
        return "\n".join(lines)

    # ---- inside

    def _begin(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], workers: int, progress: bool = False
    ) -> Call | None:
        """The call, or None if it is to be run as it is: on Vars, or while another function records."""
        if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
            raise ValueError(f"{self.__name__}(): workers must be an int of at least 1, not {workers!r:.60}")
        if not isinstance(progress, bool):
            raise ValueError(f"{self.__name__}(): progress must be True or False, not {progress!r:.60}")
        names, values, positional = self._binder.bind(args, kwargs)
        if thread.recorder is not None or any(
            isinstance(x, Var) or (isinstance(x, numpy.ndarray) and x.dtype == object) for x in values
        ):
            return None
        batch = Batch(self._binder, names, values)
        key = names, positional, batch.cores
        variant = self._variants.get(key)
        if variant is None:
            with self.lock:
                variant = self._variants.setdefault(key, Variant(self, names, positional, batch.cores))
        return Call(variant, batch, workers, progress)

    def _forget_the_oldest(self, newest: Variant) -> None:
        """Keep the recordings of the newest MOST_VARIANTS ways to call the function; called with the lock held."""
        recorded = [key for key, variant in self._variants.items() if variant.paths or variant is newest]
        for key in recorded[:-MOST_VARIANTS]:
            del self._variants[key]

    def _eager(
        self, what: str, args: Sequence[Any], kwargs: Mapping[str, Any], argnums: Argnums, vectors: Sequence[Any]
    ) -> Any:
        from vargrad._compile import at_vars

        names, values, k = self._binder.bind(args, kwargs)

        @functools.wraps(self.__wrapped__)
        def function(*given: Any) -> Any:
            return self.__wrapped__(*given[:k], **dict(zip(names[k:], given[k:], strict=True)))

        wrt = positions(self.__name__, len(values), argnums)
        one = isinstance(argnums, int) or (argnums is None and len(values) == 1)
        return at_vars.derivative(what, function, values, wrt, one, vectors, self.signature)

    def _refuse_out(self, out: Any) -> None:
        if out is not None:
            raise TypeError(f"{self.__name__}(): out= takes the results of numbers and arrays; those of Vars are Vars")

    def _computed(
        self,
        what: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        workers: int,
        progress: bool,
        argnums: Argnums,
        out: Any,
        *vector: Any,
    ) -> tuple[Call | None, Any]:
        """A derivative's call and all outputs of all rows; of Vars, or while a function is recorded, the result."""
        call = self._begin(args, kwargs, workers, progress)
        if call is None:
            self._refuse_out(out)
            return None, self._eager(what, args, kwargs, argnums, vector)
        call.choose(argnums)
        for v in vector:
            call.take_vectors(v)
        goal: Goal = (what, call.wrt)
        full = call.compute(goal, items(out))
        if argnums is None and out is None:
            self._remember(what, call, goal)
        return call, full

    def _finished(self, call: Call, out: Any, results: Any) -> Any:
        return results if out is None else into(self.__name__, out, results, call.written)

    def _remember(self, what: str, call: Call, goal: Goal) -> None:
        """Let calls like this one go a shorter way, if there is one."""
        shortcut = call.shortcut(goal)
        if shortcut is not None:
            self._keep(what, shortcut)
