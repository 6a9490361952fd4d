"""Make the README's links absolute, for PyPI: `python .ci/pypi_readme.py https://github.com/OWNER/NAME COMMIT`.

There are no files beside the README on PyPI. Only CI knows where they are, so the links in the repository are relative.
"""

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"


def absolute(text: str, repository: str, commit: str) -> str:
    """The text with each relative link, and each picture, at that commit of the repository."""

    def link(found: re.Match[str]) -> str:
        kind = "raw" if found[1] else "blob"
        return f"{found[1]}[{found[2]}]({repository.rstrip('/')}/{kind}/{commit}/{found[3]})"

    return re.sub(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)]+)\)", link, text)


if __name__ == "__main__":
    README.write_text(absolute(README.read_text(encoding="utf-8"), *sys.argv[1:3]), encoding="utf-8")
