"""The Python blocks of the README and of docs/ run from top to bottom, one namespace a page, and show what it says."""

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

README = Path(__file__).resolve().parents[2] / "README.md"
FENCED = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


MADE = "generated"  # by the site's build, of other pages
PAGES = [
    README,
    *(
        path
        for path in sorted((README.parent / "docs").rglob("*.md"))
        if MADE not in path.parts and "```python" in path.read_text("utf-8")
    ),
]


class Runner(doctest.DocTestRunner):
    """Raises what says that a package is missing, which conftest.py may take for a reason to skip."""

    def report_unexpected_exception(self, out: Any, test: doctest.DocTest, example: doctest.Example, info: Any) -> None:
        if isinstance(info[1], ImportError):
            raise info[1]
        super().report_unexpected_exception(out, test, example, info)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(README.parent).as_posix())
def test_python_blocks(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = page.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)  # it saves a model
    blocks = list(FENCED.finditer(text))
    assert blocks
    assert len(blocks) == text.count("```python")
    namespace: dict[str, object] = {"__name__": "readme"}
    parser, runner = doctest.DocTestParser(), Runner(optionflags=doctest.ELLIPSIS)
    for block in blocks:
        source, line = block[1], text.count("\n", 0, block.start())
        if source.startswith(">>>"):
            test = parser.get_doctest(source, namespace, page.name, str(page), line)
            failed = runner.run(test, clear_globs=False).failed
            namespace = test.globs  # get_doctest copies the names it is given
            assert failed == 0, f"the example under {page.name} line {line + 1}"
        else:
            exec(compile("\n" * (line + 1) + source, str(page), "exec"), namespace)


def test_the_two_commands() -> None:
    """Each is alone in its block, to be pasted whole; .ci/run takes the second from here."""
    text = README.read_text(encoding="utf-8")
    commands = re.findall(r"^```sh\n(.*?)\n```$", text, re.DOTALL | re.MULTILINE)
    assert commands[:2] == [
        "pip install . && python -m vargrad xor",
        "pip install '.[test]' && python -m pytest",
    ]
