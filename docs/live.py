"""What the site shows besides its pages, made from live objects when it is built: steppers, and a page for each file.

Written to docs/generated/, which is not kept. `python docs/live.py` writes it without Sphinx.
"""

import ast
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from vargrad import NN, Var, data, draw

ROOT = Path(__file__).resolve().parents[1]
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
FILES = ["CONTRIBUTING.md", "CHANGELOG.md", "tests/README.md", "benchmarks/README.md"]
# These are run, and what they print is shown. The others need a cluster, other processes or PyTorch.
NOT_RUN = {"in_processes", "labelled", "larger_than_memory", "on_a_cluster", "pictures", "torch_beside", "torch_fit"}
# Of docs/pictures and of `pictures` below. The others are shown by what they print.
PICTURES = {
    "expression_graph": "/pictures/after-backward.svg",
    "pictures": "/pictures/two-paths.svg",
    "and_backprop": "/generated/pictures/and.svg",
    "xor_backprop": "/generated/pictures/xor.svg",
    "both_methods": "/pictures/training.svg",
    "moons": "/generated/pictures/moons.svg",
}


def pictures() -> dict[str, str]:
    """Networks after their training, and a loss, by name."""
    gates = {"and": ([2, 1], [0, 0, 0, 1]), "xor": ([2, 2, 1], [0, 1, 1, 0])}
    drawn = {}
    for name, (arch, answers) in gates.items():
        model = NN(arch, seed=0)
        model.fit([[0, 0], [0, 1], [1, 0], [1, 1]], answers, loss="sse", lr=1.0, epochs=2000, progress=False)
        drawn[name] = draw(model).svg()
    model = NN([2, 16, 16, 1], "tanh", output_activation="identity", init="torch", seed=0)
    history = model.fit(*data.moons(400, noise=0.1, seed=0), "bce", "adam", lr=0.01, epochs=150, progress=False, seed=0)
    return {**drawn, "moons": draw(history).svg()}


def steppers() -> dict[str, str]:
    """The pages of steps, by name."""
    x, y = Var(53.0, requires_grad=True), Var(-17.0, requires_grad=True)
    z = (x**2 + 3) ** 2 + y
    pages = {"expression": draw(z).steps().html()}

    x = Var(53.0, requires_grad=True)
    z = (x**2 + 3) ** 2 + x
    pages["two-paths"] = draw(z).steps().html()

    p, q = Var(1.0), Var(0.0)
    w1, w2, b = (Var(w, requires_grad=True) for w in (0.4, -0.6, 0.1))
    output = (p * w1 + q * w2 + b).sigmoid()
    loss = (output - 1) ** 2
    pages["neuron"] = draw(loss).steps().html()

    xor = [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]
    pages["training"] = draw(NN([2, 2, 1], init="xavier_uniform", seed=1)).steps(xor, lr=1.0).html()
    return pages


def output_of(path: Path) -> str:
    """What an example prints."""
    environment = {name: text for name, text in os.environ.items() if name != "VARGRAD_BACKEND"}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, path],
            stdout=subprocess.PIPE,
            check=True,
            cwd=folder,
            env=environment | {"PYTHONIOENCODING": "utf-8"},
            encoding="utf-8",
            timeout=300,
        )
    return done.stdout.rstrip()


def example_page(path: Path, output: str | None) -> str:
    """The page of an example: its first line, its picture, what it prints, and its text."""
    says = sentence(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
    parts = [f"# {path.name}", says]
    if path.stem in PICTURES:
        parts.append(f"![{says}]({PICTURES[path.stem]})")
    parts.append(f"```{{literalinclude}} ../../../examples/{path.name}\n:language: python\n```")
    if output:
        parts.append(f"## What it prints\n\n```text\n{output}\n```")
    return "\n\n".join(parts) + "\n"


def sentence(text: str) -> str:
    """The first line, with its full stop."""
    return text.partition("\n")[0].rstrip(".") + "."


def gallery(outputs: dict[str, str]) -> str:
    """The examples in the order of examples/README.md, each with its picture or the beginning of what it prints."""
    parts: list[str] = []
    for line in (ROOT / "examples/README.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            parts.append(re.sub(r"\[(.*?)\]\(.*?\)", r"\1", line))
        row = re.match(r"\| \[(\w+)\.py\]\(.*?\) \| (.*?) \|$", line)
        if row:
            name, says = row.groups()
            parts += [f"### [{name}.py](/generated/examples/{name}.md)", sentence(says)]
            if name in PICTURES:
                parts.append(f"![{says}]({PICTURES[name]})")
            if name in outputs and name != "expression_graph":
                lines = outputs[name].splitlines()
                shown = "\n".join(lines[:32] + (["..."] if len(lines) > 32 else []))
                parts.append(f"```text\n{shown}\n```")
    return "\n\n".join(parts) + "\n"


def page_name(path: Path) -> str:
    """The file of the page that shows a file of the repository."""
    return "-".join(path.with_suffix(".md").parts).lower()


def file_page(name: str) -> str:
    """The text of a file of the repository, with its links as the pages in docs/ have them."""
    folder = Path(name).parent

    def link(found: re.Match[str]) -> str:
        target, anchor = found[1], found[2] or ""
        path = Path(os.path.normpath(folder / target))
        if path.parts[0] == "docs":
            return f"](/{path.relative_to('docs').as_posix()}{anchor})"
        return f"](../{path.as_posix()}{anchor})"

    text = re.sub(r"\]\((?!https?:)([^)#]+)(#[^)]*)?\)", link, (ROOT / name).read_text(encoding="utf-8"))
    if len(re.findall(r"^# ", FENCE.sub("", text), re.MULTILINE)) > 1:  # several pages in one file
        text = f"# {folder.name.capitalize()}\n\n" + re.sub(r"^(?=#+ [A-Z])", "#", text, flags=re.MULTILINE)
    return text


def write(folder: Path) -> None:
    """Write all of it into the folder."""
    written = {f"extra/steps/{name}.html": page for name, page in steppers().items()}
    written |= {f"pictures/{name}.svg": svg for name, svg in pictures().items()}
    examples = sorted((ROOT / "examples").glob("*.py"))
    run = [path for path in examples if path.stem not in NOT_RUN]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outputs = {path.stem: text for path, text in zip(run, pool.map(output_of, run), strict=True)}
    written |= {f"examples/{p.stem}.md": example_page(p, outputs.get(p.stem)) for p in examples}
    written["gallery.md"] = gallery(outputs)
    written |= {page_name(Path(name)): file_page(name) for name in FILES}
    for name, text in written.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:  # Sphinx reads what is newer
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(ROOT / "docs/generated")
