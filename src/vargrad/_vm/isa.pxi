# Which instruction sets there are, and which one machines use.


def instruction_sets():
    """Names of the instruction sets that this processor and this build have, simplest first.

    >>> instruction_sets()[0]
    'baseline'
    """
    return [all_kernels[i].name.decode() for i in range(3) if all_kernels[i] != NULL and kernels_supported(i)]


cdef const Kernels *kernels_named(name) except NULL:
    for i in range(3):
        if all_kernels[i] != NULL and kernels_supported(i) and all_kernels[i].name.decode() == name:
            return all_kernels[i]
    raise ValueError(f"instruction set {name!r}: expected one of {', '.join(instruction_sets())}")


def _chosen():
    wanted = os.environ.get("VARGRAD_SIMD", "")
    if wanted and wanted not in instruction_sets():
        known = wanted in ("baseline", "avx2", "avx512")
        raise ImportError(
            f"VARGRAD_SIMD={wanted!r}: {'this processor or build has no such instructions' if known else 'unknown'}, "
            f"expected one of {', '.join(instruction_sets())}, or nothing (the last of them)"
        )
    *_, best = instruction_sets()
    return wanted or best


_selected = _chosen()


def instruction_set():
    """Name of the instruction set that machines use.

    >>> instruction_set() in instruction_sets()
    True
    """
    return _selected
