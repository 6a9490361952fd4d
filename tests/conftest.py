"""Both twins under every test that asks for ``impl``, and how many random programs a run tries."""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
from collections.abc import Generator, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from twins import MODULES, PURE, Implementation, load

# Deterministic and bounded where a failure must mean a change; random and long where somebody looks for one.
settings.register_profile(
    "ci",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=100,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("fuzz", deadline=None, max_examples=100_000, suppress_health_check=[HealthCheck.too_slow])
os.environ.setdefault("MPLBACKEND", "Agg")  # no window system, here and in what tests start
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session", params=list(MODULES))
def impl(request: pytest.FixtureRequest) -> Implementation:
    """Each twin in turn."""
    return load(request.param)


@pytest.fixture(scope="session")
def twins() -> list[Implementation]:
    """All twins at once, to ask both the same question."""
    return [load(name) for name in MODULES if not (PURE and name == "compiled")]


@pytest.fixture(scope="session")
def compiled() -> Implementation:
    """The compiled twin, for what only it has."""
    return load("compiled")


@pytest.fixture(autouse=True)
def _no_figures_left() -> Iterator[None]:
    """pyplot keeps what it has drawn, and warns at the twenty-first figure."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


WITHOUT_SKLEARN = find_spec("sklearn") is None  # it has no wheel for musllinux


def pytest_report_header() -> str:
    """Nothing is left out in silence."""
    return "scikit-learn is missing: files that import it are left out" if WITHOUT_SKLEARN else ""


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out what cannot be imported without scikit-learn, where it is missing."""
    if WITHOUT_SKLEARN and collection_path.suffix == ".py":
        return bool(re.search(r"^(from|import) sklearn", collection_path.read_text(encoding="utf-8"), re.M)) or None
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Skip a test of data that come with scikit-learn, or of a page that imports it, where it is missing."""
    try:
        return (yield)
    except ImportError as error:
        if WITHOUT_SKLEARN and ("scikit-learn" in str(error) or (error.name or "").startswith("sklearn")):
            pytest.skip(str(error))
        raise


def pytest_configure(config: pytest.Config) -> None:
    """Let Ctrl-C interrupt, also where the parent ignores it, as a shell does for what it starts with &."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse names that differ from run to run; take the compiled twin's tests out of a run of the pure one."""
    for item in items:  # pytest-xdist needs the same names in each of its processes
        if " at 0x" in item.nodeid:
            raise pytest.UsageError(f"{item.nodeid}: an address in a test's name: give parametrize() ids")
    if not PURE:
        return
    out = [item for item in items if _is_compiled(item)]
    items[:] = [item for item in items if not _is_compiled(item)]
    config.hook.pytest_deselected(items=out)


def pytest_collection_finish() -> None:
    """Let collections look at what the tests make, and not each time at the tests themselves and what they import."""
    gc.collect()
    gc.freeze()


def _is_compiled(item: pytest.Item) -> bool:
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return parameters.get("impl") == "compiled" or "compiled" in getattr(item, "fixturenames", ())
