"""Check a built site: no link within it is dead, and every public name is in it. `python docs/check_site.py FOLDER`."""

import importlib
import operator
import os
import sys
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import FunctionType
from urllib.parse import unquote, urlsplit

os.environ.setdefault("VARGRAD_BACKEND", "python")  # the site's, see conf.py: its methods can be told from its data

import vargrad

MODULES = ["math", "optim", "losses", "data", "sklearn", "nn", "numeric", "transforms"]
# Shown under another name, or no names to look up: tables of names, and modules themselves.
ELSEWHERE = {"NN", "ACTIVATIONS", "INITIALISERS", "data", "losses", "math", "optim"}


class Page(HTMLParser):
    """The links of a page, and the names that links may lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if value and name == "id":
                self.anchors.add(value)
            elif value and name in ("href", "src"):
                self.links.append(value)


def dead_links(site: Path) -> Iterator[str]:
    """Each link that leads nowhere, with its page."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not target.exists():
                yield f"{path.relative_to(site)}: {link} does not exist"
            elif anchor and target in pages and anchor not in pages[target].anchors:
                yield f"{path.relative_to(site)}: {link} is no place on that page"


def public_names() -> set[str]:
    """Every public name, by its module."""
    names = {f"vargrad.{name}" for name in vargrad.__all__ if name not in ELSEWHERE} | {"vargrad.NN"}
    for module in MODULES:
        loaded = importlib.import_module(f"vargrad.{module}")
        found = getattr(loaded, "__all__", None) or [
            name
            for name, thing in vars(loaded).items()
            if callable(thing) and getattr(thing, "__module__", "") == loaded.__name__ and name[0] != "_"
        ]
        # grad and its kin are shown as vargrad.grad
        names |= {f"vargrad.{name}" if name in vargrad.__all__ else f"vargrad.{module}.{name}" for name in found}
    names = {name for name in names if name.rpartition(".")[2] not in ELSEWHERE - {"NN"}}
    return names | {f"{name}.{member}" for name in names for member in members(name)}


def members(name: str) -> Iterator[str]:
    """The public methods and properties of a class of vargrad, those of its own bases too, that have a docstring."""
    thing = operator.attrgetter(name.removeprefix("vargrad."))(vargrad)
    if isinstance(thing, type) and not issubclass(thing, Exception):
        for base in thing.__mro__:
            if base.__module__.startswith("vargrad"):
                kinds = (FunctionType, property, classmethod, staticmethod)
                found = (member for member, x in vars(base).items() if isinstance(x, kinds) and x.__doc__)
                yield from (member for member in found if member[0] != "_" and not member.endswith("_request"))


def documented(site: Path) -> set[str]:
    """What the site's index of names has."""
    data = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    return {line.split(" ")[0] for line in zlib.decompress(data).decode().splitlines()}


def complaints(site: Path) -> list[str]:
    """Everything that is wrong, in words."""
    missing = sorted(public_names() - documented(site))
    return [*dead_links(site), *(f"{name} is not in the reference" for name in missing)]


if __name__ == "__main__":
    found = complaints(Path(sys.argv[1]).resolve())
    print("\n".join(found) or "every link leads somewhere, every public name is in the reference")
    sys.exit(bool(found))
