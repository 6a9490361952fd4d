"""What CPython 3.12 and 3.13 need to survive that memory is refused to them again and again."""

from __future__ import annotations

import ctypes
import gc
import sys
from types import CodeType, FunctionType


def keep_code() -> None:
    """Give every code object a million references more, on CPython 3.12 and 3.13.

    Where they get no memory for a function (a lambda, a generator expression), they drop its code once too often. After
    some times it is freed, though in use, and whatever calls it next crashes.
    """
    if sys.version_info[:2] not in ((3, 12), (3, 13)):
        return
    frozen = gc.get_freeze_count() > 0
    gc.unfreeze()  # of what is frozen nothing is told
    codes = [x.__code__ for x in gc.get_objects() if isinstance(x, FunctionType)]
    if frozen:
        gc.freeze()
    found = {}
    while codes:
        code = codes.pop()
        if id(code) not in found:
            found[id(code)] = code
            codes += [x for x in code.co_consts if isinstance(x, CodeType)]
    for address in found:
        ctypes.c_uint32.from_address(address).value += 1_000_000  # both keep the count in these bits
