"""Runs a compiled function: finds or makes the recording for a call, and computes values and derivatives."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from threading import RLock
from types import FunctionType
from typing import Any, TypeAlias

import numpy
import numpy.typing

from vargrad._compile.call import Call, chosen_arguments, hold_vars
from vargrad._compile.labels import labels
from vargrad._compile.paths import Output, Path
from vargrad._compile.recordings import Recordings
from vargrad._compile.results import arranged, into, items, split, split_matrix
from vargrad._compile.signature import Batch, Binder, Signature, parse
from vargrad._compile.sparse.calls import derivative as sparsely
from vargrad._compile.sparse.pattern import Pattern
from vargrad._compile.specialization import Specialization
from vargrad._core.modes import thread
from vargrad._core.var import Var, add_grads
from vargrad._ops import zeros
from vargrad._util.argnums import Argnums
from vargrad._util.errors import known
from vargrad._vm.machine import fast_method
from vargrad._vm.ways import is_plain

Array: TypeAlias = numpy.typing.NDArray[numpy.float64]

SHORTCUTS = ("value", "value_and_grad", "grad", "jacobian", "hessian", "hvp", "backward")


class Dispatcher(Recordings):
    """A function and its recordings. Compiled adds methods of objects, files and C text."""

    _is_watched = False  # whether an object's state is looked at before each call: see Watched

    def __init__(
        self,
        f: Callable[..., Any],
        signature: str | None = None,
        max_paths: int = 256,
        constants: str = "watched",
        native: str | None = None,
    ) -> None:
        if not callable(f):
            raise TypeError(f"compile() takes a function, not {type(f).__name__} ({f!r:.60}): write compile(f)")
        if isinstance(max_paths, bool) or not isinstance(max_paths, int) or max_paths < 1:
            raise ValueError(f"compile(): max_paths must be an int of at least 1, not {max_paths!r:.60}")
        known("compile(): constants", constants, ("watched", "frozen"))
        if native is not None:
            known("compile(): native", native, ("off", "auto", "now"))
        super().__init__()
        functools.update_wrapper(self, f, updated=("__dict__",) if isinstance(f, FunctionType) else ())
        self.__wrapped__ = f
        named = f.func if isinstance(f, functools.partial) else f
        self.__name__: str = getattr(named, "__name__", type(named).__name__)
        self.signature: Signature | None = None if signature is None else parse(signature)
        self.max_paths = max_paths
        self.native = native
        self._frozen = constants == "frozen"
        self._binder = Binder(self.__name__, f, self.signature)
        self.lock: Any = RLock()
        self.given: dict[Any, Pattern] = {}  # of sparse derivatives: see sparse/calls.py
        self._loose = set()
        self._forget_all()

    # ---- values and derivatives; a call like one before goes by its shortcut, straight to the machine

    @fast_method("value")
    def __call__(self, *args: Any, out: Any = None, workers: int = 1, progress: bool = False, **kwargs: Any) -> Any:
        """The function's value in every row.

        ``args``, ``kwargs``: numbers or arrays, of shapes that broadcast. ``out``: the array, or the tuple of arrays,
        to write results into; untouched if the call fails. ``workers``: threads to use. ``progress``: show a bar of the
        rows done, by tqdm. Floats in, floats out.
        """
        call = self._begin(args, kwargs, workers, progress)
        if call is None:
            self._refuse_out(out)
            return self.__wrapped__(*args, **kwargs)
        full = call.compute(Output("value"), items(out))
        structure = call.structure
        self._remember(call, Output("value"), None)
        return self._finished(call, out, structure.fill(split(full, structure.cores, call.batch.loop)))

    @fast_method("value_and_grad")
    def value_and_grad(
        self,
        *args: Any,
        argnums: Argnums | None = None,
        out: Any = None,
        workers: int = 1,
        progress: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, Any]:
        """The pair of value and gradient, for a function that returns one number.

        ``out``, here and below: arrays for the results, in tuples or lists as they come.
        """
        call, full = self._computed("value_and_grad", args, kwargs, workers, progress, argnums, out)
        if call is None:
            return full  # type: ignore[no-any-return]
        value = arranged(full[:1], (), call.batch.loop)
        gradient = call.by_argument(split(full[1:], call.cores(), call.batch.loop))
        return self._finished(call, out, (value, gradient))  # type: ignore[no-any-return]

    @fast_method("grad")
    def grad(
        self,
        *args: Any,
        argnums: Argnums | None = None,
        out: Any = None,
        workers: int = 1,
        progress: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The gradient of a function that returns one number: an array for one argument, a tuple of them for several.

        ``argnums``: the positions to differentiate by, an int or several; all by default.
        """
        call, full = self._computed("grad", args, kwargs, workers, progress, argnums, out)
        if call is None:
            return full
        return self._finished(call, out, call.by_argument(split(full, call.cores(), call.batch.loop)))

    @fast_method("jacobian")
    def jacobian(
        self,
        *args: Any,
        argnums: Argnums | None = None,
        sparse: bool | str = False,
        out: Any = None,
        workers: int = 1,
        progress: bool = False,
        **kwargs: Any,
    ) -> Any:
        """All first derivatives, for each result: shape of the rows + shape of the result + shape of the argument.

        ``sparse``: True for one csr_array; "values" for its numbers in the order of ``pattern``, in each row.
        """
        if sparse is not False:
            return sparsely(self, "jacobian", args, kwargs, sparse, workers, progress, argnums, out)
        call, full = self._computed("jacobian", args, kwargs, workers, progress, argnums, out)
        if call is None:
            return full
        blocks = split_matrix(full, call.structure.cores, call.cores(), call.batch.loop)
        return self._finished(call, out, call.structure.fill([call.by_argument(row) for row in blocks]))

    @fast_method("hessian")
    def hessian(
        self,
        *args: Any,
        argnums: Argnums | None = None,
        sparse: bool | str = False,
        out: Any = None,
        workers: int = 1,
        progress: bool = False,
        **kwargs: Any,
    ) -> Any:
        """All second derivatives of a single number: shape of the rows + shapes of both arguments.

        ``sparse``: as for ``jacobian``.
        """
        if sparse is not False:
            return sparsely(self, "hessian", args, kwargs, sparse, workers, progress, argnums, out)
        call, full = self._computed("hessian", args, kwargs, workers, progress, argnums, out)
        if call is None:
            return full
        blocks = split_matrix(full, call.cores(), call.cores(), call.batch.loop)
        return self._finished(call, out, call.by_argument([call.by_argument(row) for row in blocks]))

    @fast_method("hvp")
    def hvp(
        self,
        *args: Any,
        argnums: Argnums | None = None,
        out: Any = None,
        workers: int = 1,
        progress: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The Hessian times a vector: ``f.hvp(*args, v)``, v shaped like the argument, or a tuple for several."""
        if not args:
            raise TypeError(f"{self.__name__}.hvp() takes the arguments and then the vector")
        *args, vector = args  # type: ignore[assignment]
        call, full = self._computed("hvp", args, kwargs, workers, progress, argnums, out, vector)
        if call is None:
            return full
        return self._finished(call, out, call.by_argument(split(full, call.cores(), call.batch.loop)))

    def jvp(
        self,
        *args: Any,
        argnums: Argnums | None = None,
        out: Any = None,
        workers: int = 1,
        progress: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The pair of value and derivative along a vector: ``f.jvp(*args, v)``, v as for ``hvp``, for any results."""
        if not args:
            raise TypeError(f"{self.__name__}.jvp() takes the arguments and then the vector")
        *args, vector = args  # type: ignore[assignment]
        call, full = self._computed("jvp", args, kwargs, workers, progress, argnums, out, vector)
        if call is None:
            return full
        return self._finished(call, out, call.twice(full))

    @fast_method("backward")
    def backward(self, *args: Any, workers: int = 1, progress: bool = False, **kwargs: Any) -> float:
        """Sum the value over all rows, and add the sum's derivatives to the .grad of closed-over leaves that want one.

        Returns the summed value. If it fails, no .grad has changed. ``progress``: show a bar, by tqdm.
        """
        call = self._begin(args, kwargs, workers, progress)
        if call is None:
            raise TypeError(f"{self.__name__}.backward() takes numbers and arrays: a Var's derivative would be lost")
        call.require_scalar("backward")
        sums: dict[Path, Array] = {}
        for path, part in call.sums(Output("backward")):
            sums[path] = sums[path] + part if path in sums else part
        self._tell_zeros(call)
        value = float(sum(part[0] for part in sums.values()))
        self._remember(call, Output("backward"), None)
        if sums:  # one call for all paths: Ctrl-C comes before it or after it
            leaves = list(chain.from_iterable(path.recording.leaves for path in sums))
            add_grads(leaves, numpy.concatenate([part[1:] for part in sums.values()]))
        return value

    # ---- the recordings

    def _begin(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], workers: int, progress: bool = False
    ) -> Call | None:
        """The call; None if the Python function is to be run instead: on Vars, or while another function records."""
        if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
            raise ValueError(f"{self.__name__}(): workers must be an int of at least 1, not {workers!r:.60}")
        if not isinstance(progress, bool):
            raise ValueError(f"{self.__name__}(): progress must be True or False, not {progress!r:.60}")
        self._look()
        names, values, positional = self._binder.bind(args, kwargs)
        if thread.recorder is not None or any(
            isinstance(x, Var) or (isinstance(x, numpy.ndarray) and x.dtype == object) for x in values
        ):
            return None
        batch = Batch(self._binder, names, values)
        key = names, positional, batch.cores
        specialization = self._specializations.get(key)
        if specialization is None:
            with self.lock:
                specialization = self._specializations.setdefault(
                    key, Specialization(self, names, positional, batch.cores, self._reads)
                )
        if batch.rows == 0 and not specialization.paths:
            raise ValueError(f"{self.__name__}() was first called without any row: there is nothing to record it on")
        call = Call(specialization, specialization.first_path(batch.columns), batch, workers, progress)
        call.labels = labels(self.__name__, names, values, batch.cores)
        return call

    def _eager(
        self, what: str, args: Sequence[Any], kwargs: Mapping[str, Any], argnums: Argnums | None, vectors: Sequence[Any]
    ) -> Any:
        from vargrad._compile import at_vars

        names, values, k = self._binder.bind(args, kwargs)

        @functools.wraps(self.__wrapped__)
        def function(*given: Any) -> Any:
            return self.__wrapped__(*given[:k], **dict(zip(names[k:], given[k:], strict=True)))

        wrt, one = chosen_arguments(self.__name__, argnums, len(values))
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
        argnums: Argnums | None,
        out: Any,
        *vector: Any,
    ) -> tuple[Call | None, Any]:
        """A derivative's call and its outputs of all rows; None and the result if _begin() returns None."""
        call = None if hold_vars(vector) else self._begin(args, kwargs, workers, progress)
        if call is None:
            self._refuse_out(out)
            return None, self._eager(what, args, kwargs, argnums, vector)
        call.choose(argnums)
        for v in vector:
            call.take_vectors(what, v)
        output = Output(what, call.wrt)
        self._tell_zeros(call)
        full = call.compute(output, items(out))
        if call.path.outcomes:
            self._tell_zeros(call)
        if what in SHORTCUTS:
            self._remember(call, output, argnums)
        return call, full

    def _tell_zeros(self, call: Call) -> None:
        if call.zeros:
            zeros.warn(f"the result of {self.__name__}()", call.zeros)

    def _finished(self, call: Call, out: Any, results: Any) -> Any:
        if out is not None:
            return into(self.__name__, out, results, call.written)
        return results if call.labels is None else call.labels.of(results)

    def _remember(self, call: Call, output: Output, argnums: Argnums | None) -> None:
        """Give the method a shortcut for calls like this one, if there is one."""
        specialization = call.specialization
        if not is_plain(argnums):
            return
        key = specialization, argnums
        if self._shortcut_of(output.kind, key) is not None:
            return
        shortcut = call.shortcut(output)
        if shortcut is not None:
            shortcut.watch = specialization.reads.watch
            self._add_way(output.kind, key, shortcut, specialization.names, specialization.positional, argnums)
