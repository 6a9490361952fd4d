"""Every docstring example of the installed package runs, and every public name has one."""

import doctest
import importlib
import inspect
import pkgutil
from typing import Any

import pytest

import vargrad

for name in vargrad.__all__:  # some are imported when first asked for, and then found there
    getattr(vargrad, name)


class Finder(doctest.DocTestFinder):
    """Finds the methods of a class in its public module, though they are written in a private one."""

    def _from_module(self, module: Any, thing: Any) -> bool:
        if inspect.isfunction(thing) and "." in thing.__qualname__:
            return True
        return bool(super()._from_module(module, thing))  # type: ignore[misc]


NAMES = ["vargrad", *(m.name for m in pkgutil.walk_packages(vargrad.__path__, "vargrad."))]
MODULES = [name for name in NAMES if name != "vargrad.sklearn"]  # needs scikit-learn: test_sklearn.py runs its own
EXAMPLES = [
    pytest.param(test, id=test.name)
    for name in MODULES
    for test in Finder(exclude_empty=True).find(importlib.import_module(name))
    if test.examples
]


@pytest.mark.parametrize("test", EXAMPLES)
def test_docstring_example(test: doctest.DocTest) -> None:
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, clear_globs=False)
    assert result.failed == 0


@pytest.mark.parametrize("name", vargrad.__all__)
def test_public_name_has_an_example(name: str) -> None:
    thing = getattr(vargrad, name)
    if callable(thing) and not (isinstance(thing, type) and issubclass(thing, Exception)):
        assert ">>>" in (inspect.getdoc(thing) or ""), f"vargrad.{name} shows no example"
