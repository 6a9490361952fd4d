"""Text to machine code, by llvmlite. Imported at the first compilation only: llvmlite takes 50 ms and 60 MB.

LLVM is entered by one thread at a time, under ``lock``. Code that is no longer needed is freed by whoever compiles
next, or at once if nobody compiles: a function may die in any thread, which must not wait for LLVM. llvmlite's objects
stay in a table until then: the garbage collector would free them in any order, and LLVM crashes where a context goes
before what was made in it.
"""

from __future__ import annotations

import importlib
import itertools
import threading
from collections.abc import Sequence
from typing import Any

from vargrad._native.module import Isa

lock = threading.Lock()
_numbers = itertools.count()
_live: dict[int, list[Any]] = {}  # of each Code: llvmlite's objects, in the order in which they are closed
_dead: list[int] = []  # of those that are gone
_memory = [0, 0]  # bytes of machine code: now, and at most
_llvm: Any = None  # llvmlite.binding


class Code:
    """Functions in memory. They are gone when this is."""

    def __init__(self, objects: list[Any], size: int, addresses: Sequence[int]) -> None:
        self.number = next(_numbers)
        _live[self.number] = objects
        self.size = size
        self.addresses = addresses
        _memory[0] += size
        _memory[1] = max(_memory)

    def __del__(self, dead: list[int] = _dead, memory: list[int] = _memory) -> None:
        memory[0] -= self.size
        dead.append(self.number)
        if lock is not None and lock.acquire(blocking=False):
            try:
                _bury()
            finally:
                lock.release()


def memory() -> int:
    """Bytes of machine code that live functions have."""
    return _memory[0]


def _bury() -> None:
    while _dead:
        for part in _live.pop(_dead.pop()):
            part.close()


def _begin() -> Any:
    global _llvm
    if _llvm is None:
        llvm = importlib.import_module("llvmlite.binding")
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        llvm.check_jit_execution()
        _llvm = llvm
    return _llvm


def compiled(text: str, names: Sequence[str], isa: Isa) -> Code:
    """The functions of these names; "" has the address 0. Raises RuntimeError or OSError where LLVM cannot."""
    with lock:
        llvm = _begin()
        _bury()
        target = llvm.Target.from_default_triple()
        machine = target.create_target_machine(
            cpu="x86-64" if isa.features else "", features=isa.features, opt=2, jit=True
        )
        objects: list[Any] = [llvm.create_context()]
        try:
            module = llvm.parse_assembly(text, objects[-1])
            objects.insert(0, module)
            module.triple = target.triple
            data = machine.emit_object(module)
            module.close()
            engine = llvm.create_mcjit_compiler(llvm.parse_assembly("", objects[-1]), machine)
            objects[0] = engine
            engine.add_object_file(llvm.ObjectFileRef.from_data(data))
            engine.finalize_object()
            addresses = [engine.get_function_address(name) if name else 0 for name in names]
            if not all(address for address, name in zip(addresses, names, strict=True) if name):
                raise RuntimeError("LLVM does not find a function that it compiled")
            return Code(objects, len(data), addresses)
        except BaseException:
            for part in objects:
                part.close()
            raise
