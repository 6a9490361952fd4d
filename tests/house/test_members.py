"""Training, networks, optimisers and the command line leave other objects' underscored members alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "vargrad"
FILES = sorted(path for room in ("_train", "nn", "optim", "_cli") for path in (PACKAGE / room).glob("*.py"))


def of_others(text: str) -> Iterator[str]:
    """Each ``x._name`` and ``x.__dict__`` of a source where x is not self, cls, an import or a class of the source.

    Names that a class of the source gives its own objects are left out: another object of it may be asked.
    """
    tree = ast.parse(text)
    imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    own = {"self", "cls"} | {name.asname or name.name.split(".")[0] for node in imports for name in node.names}
    own |= {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    known = {
        item.name
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        for item in ast.walk(node)
        if isinstance(item, ast.FunctionDef)
    }
    known |= {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }
    for node in ast.walk(tree):
        private = isinstance(node, ast.Attribute) and re.match("_[^_]|__dict__", node.attr)
        if private and node.attr not in known and not (isinstance(node.value, ast.Name) and node.value.id in own):
            yield f"line {node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_members_of_others(path: Path) -> None:
    assert list(of_others(path.read_text(encoding="utf-8"))) == []


def test_a_member_of_another_is_seen() -> None:
    source = (
        "from a import _b\nclass C:\n    def f(self, x):\n        self._c = _b._d = x._e\n        x.__dict__.clear()"
    )
    assert list(of_others(source)) == ["line 4: x._e", "line 5: x.__dict__"]
    assert list(of_others("def f(self):\n    return self.a._b")) == ["line 2: self.a._b"]
