"""The tour as a notebook: `python docs/tour_notebook.py` writes examples/tour.ipynb from docs/tour.md.

Each block of Python becomes a cell, and the text between them too. A cell's output is what its last expression gives.
"""

import ast
import contextlib
import doctest
import io
import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```python\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
LOCAL = re.compile(r"\[([^\]]*)\]\((?!https?:)[^)]*\)")  # a page, which a notebook does not have beside it
PICTURE = re.compile(r"^!\[.*\]\(.*\)\n|^```\{.*?^```\n", re.DOTALL | re.MULTILINE)  # the cells draw their own


def cells(page: Path) -> list[tuple[str, str]]:
    """The kind ("markdown" or "code") and the text of each cell."""
    text, found, start = page.read_text(encoding="utf-8"), [], 0
    for block in [*BLOCK.finditer(text), None]:
        words = PICTURE.sub("", text[start : block.start() if block else len(text)]).strip()
        if words:
            found.append(("markdown", LOCAL.sub(r"\1", words)))
        if block:
            found += [("code", source) for source in pieces(block[1])]
            start = block.end()
    return found


def pieces(source: str) -> list[str]:
    """The source without prompts and outputs, in pieces that end where there is output."""
    if not source.startswith(">>>"):
        return [source.strip()]
    found = [""]
    for example in doctest.DocTestParser().get_examples(source):
        found[-1] += example.source
        if example.want:
            found.append("")
    return [text.strip() for text in found if text]


def run(source: str, names: dict[str, Any]) -> list[dict[str, Any]]:
    """A cell's outputs, as a notebook holds them."""
    tree, shown, printed = ast.parse(source), None, io.StringIO()
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "<cell>", "exec"), names)
        if isinstance(last, ast.Expr):
            shown = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": printed.getvalue().splitlines(True)})
    if shown is not None:
        data: dict[str, Any] = {"text/plain": repr(shown).splitlines(True)}
        if hasattr(shown, "_repr_svg_"):
            data["image/svg+xml"] = shown._repr_svg_().splitlines(True)
        outputs.append({"output_type": "execute_result", "execution_count": None, "data": data, "metadata": {}})
    return outputs


def made(page: Path) -> dict[str, Any]:
    """The notebook, with its outputs."""
    names: dict[str, Any] = {"__name__": "__main__"}
    found: list[dict[str, Any]] = []
    for i, (kind, source) in enumerate(cells(page)):
        cell: dict[str, Any] = {"cell_type": kind, "id": f"cell{i}", "metadata": {}}
        cell["source"] = source.splitlines(True)
        if kind == "code":
            cell |= {"execution_count": None, "outputs": run(source, names)}
        found.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": found, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


if __name__ == "__main__":
    text = json.dumps(made(ROOT / "docs/tour.md"), indent=1, ensure_ascii=False)
    (ROOT / "examples/tour.ipynb").write_text(text + "\n", encoding="utf-8")
