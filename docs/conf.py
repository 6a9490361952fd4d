"""The documentation site: `pip install '.[docs]'`, then `sphinx-build -W -n docs build/site`."""

import html
import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
os.environ.setdefault("VARGRAD_BACKEND", "python")  # its signatures can be read, and it needs no C compiler

import live  # noqa: E402
from docutils import nodes  # noqa: E402
from docutils.parsers.rst import Directive  # noqa: E402

import vargrad  # noqa: E402

project = "vargrad"
author = "The vargrad developers"
copyright = "the vargrad developers, MIT licence"
version = release = vargrad.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
root_doc = "index"
exclude_patterns = ["generated/gallery.md"]
html_theme = "furo"
html_title = "vargrad"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_extra_path = ["generated/extra"]
html_theme_options = {"navigation_with_keys": True}
templates_path: list[str] = []

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True
pygments_dark_style = "github-dark"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
python_use_unqualified_type_names = True
# Types in signatures are names of annotations, written for the type checker: they are no entries of the reference.
nitpick_ignore_regex = [("py:(class|data|obj|exc)", ".*")]

OUTSIDE = re.compile(r"\]\((?:\.\./)+(README|CHANGELOG|CONTRIBUTING|examples|tests|benchmarks)(/?[^)#]*)(#[^)]*)?\)")


def inside(found: re.Match[str]) -> str:
    """A link to a file of the repository, as a link to the page that shows it."""
    folder, rest, anchor = found.groups()
    name = Path(folder + rest)
    if folder == "examples" and name.suffix == ".py":
        return f"](/generated/examples/{name.stem}.md)"
    if name.suffix not in (".py", ".md"):
        return found[0]  # a file to download
    page = {"README.md": "index.md", "examples/README.md": "gallery.md"}.get(str(name))
    return f"](/{page or 'generated/' + live.page_name(name)}{anchor or ''})"


def rewrite_links(app, name, source):  # type: ignore[no-untyped-def]
    text = OUTSIDE.sub(inside, source[0])
    source[0] = re.sub(r"\n\n```$", "\n```", text, flags=re.MULTILINE)  # a doctest ends with an empty line


def wrap_pictures(app, tree, name):  # type: ignore[no-untyped-def]
    """Wide pictures scroll on a narrow screen, so that their text stays large enough to be read."""
    for image in list(tree.findall(nodes.image)):
        place = image.parent
        box = nodes.container("", classes=["picture"])
        place.replace(image, box)
        box.append(image)


def skip(app, what, name, thing, skipped, options):  # type: ignore[no-untyped-def]
    """scikit-learn's own methods, such as set_fit_request, which it adds to every estimator."""
    return True if name.startswith("set_") and name.endswith("_request") else None


def as_vargrad(app, what, name, thing, options, lines):  # type: ignore[no-untyped-def]
    """Docstrings of the pure Python backend import it by its own name; the page shows the name that users import."""
    lines[:] = [line.replace("from vargrad.reference import", "from vargrad import") for line in lines]


class Stepper(Directive):
    """An embedded page of steps, by its name in live.py, and a link to it alone; the content says what it shows."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        name, says = self.arguments[0], html.escape(" ".join(self.content))
        depth = self.state.document.settings.env.docname.count("/")
        url = "../" * depth + f"steps/{name}.html"
        page = (
            f'<div class="stepper"><iframe src="{url}" title="{says}" loading="lazy"></iframe>'
            f'<p><a href="{url}">Open the stepper alone</a>: {says}</p></div>'
        )
        return [nodes.raw("", page, format="html")]


def setup(app):  # type: ignore[no-untyped-def]
    live.write(HERE / "generated")
    app.add_directive("stepper", Stepper)
    app.connect("source-read", rewrite_links)
    app.connect("doctree-resolved", wrap_pictures)
    app.connect("autodoc-skip-member", skip)
    app.connect("autodoc-process-docstring", as_vargrad)
