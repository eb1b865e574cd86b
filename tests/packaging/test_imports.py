"""The way of the data in one direction: what each module may import, and who may load a library."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import gradcli

ROOT = Path(__file__).parents[2]
PACKAGE = Path(gradcli.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))


def table():
    """The modules of the architecture page, and what its table says that each imports."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([\w, ]*)\|$", page, re.MULTILINE)
    return {module: imports.replace(",", " ").split() for module, imports in rows}


MAY_IMPORT = table()

# The libraries, and the only files that import them.
LIBRARIES = {
    "lark": ["syntax/lalr.py"],
    "typer": ["cli/"],
    "rich": ["cli/", "render/layout.py", "render/table.py"],
    "autograd": ["check/"],
    "jax": ["check/"],
    "torch": ["check/"],
    "safetensors": ["data/"],
}

# What runs before NumPy is there: --help, --version, a syntax error.
WITHOUT_NUMPY = (
    "ending",
    "record",
    "foreign",
    "errors",
    "files",
    "request",
    "suggest",
    "schema",
    "sizes",
    "expr",
    "syntax",
    "spelling",
    "api",
    "cli",
)


def module(path):
    """A file's dotted name within the package."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imported(path, types=False):
    """The dotted names that a file imports; `types`: with those for the type checker alone."""
    waiting = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not types:
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        waiting += ast.iter_child_nodes(node)


def name(path):
    return str(path.relative_to(PACKAGE))


def home(name):
    """The entry of the table that a module of the package belongs to."""
    return name.split(".")[0]


def test_nothing_leads_back():
    seen = []
    for entry, imports in MAY_IMPORT.items():
        assert set(imports) <= set(seen), entry
        seen.append(entry)


def test_every_module_is_in_the_table():
    modules = {home(module(path)) for path in MODULES}
    assert set(MAY_IMPORT) == modules - {"__init__", "__main__"}


@pytest.mark.parametrize("entry", MAY_IMPORT)
def test_each_imports_what_the_table_says(entry):
    found = set()
    for path in MODULES:
        if home(module(path)) == entry:
            names = [each.partition(".") for each in imported(path)]
            found |= {home(rest) for package, _, rest in names if package == "gradcli"}
    assert found - {entry} == set(MAY_IMPORT[entry])


def test_the_passes_of_lowering_are_files():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    listing = page.partition("Each pass is a function of an Env")[2].split("```")[1]
    lines = [re.match(r"([a-z]+)(?:, ([a-z]+))?", line) for line in listing.strip().splitlines()]
    passes = {name for line in lines for name in line.groups() if name}
    assert passes <= {path.stem for path in (PACKAGE / "lower").glob("*.py")}
    assert len(passes) > 10


def test_no_files_import_each_other_in_a_circle():
    """Not within a folder either, nor for the type checker alone."""
    files = {f"gradcli.{module(path)}": path for path in MODULES if path.parent != PACKAGE}
    files |= {f"gradcli.{path.stem}": path for path in PACKAGE.glob("[!_]*.py")}
    graph = {}
    for own, path in files.items():
        names = {n if n in files else n.rpartition(".")[0] for n in imported(path, types=True)}
        graph[own] = (names & set(files)) - {own}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_libraries_have_their_places(path):
    for found in imported(path):
        for library, places in LIBRARIES.items():
            if found.split(".")[0] == library:
                assert name(path).startswith(tuple(places)), f"{name(path)} imports {found}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_what_runs_before_numpy_does_not_import_it(path):
    if home(module(path)) in WITHOUT_NUMPY:
        assert not [found for found in imported(path) if found.split(".")[0] == "numpy"]
