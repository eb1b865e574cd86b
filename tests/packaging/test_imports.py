"""The way of the data in one direction: what each module may import, and who may load a library."""

import ast
from pathlib import Path

import pytest

import gradcli

ROOT = Path(__file__).parents[2]
PACKAGE = Path(gradcli.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# Each module, or folder of modules, and the ones of the package that it imports. Every line uses
# only what stands above it, so that nothing leads back.
MAY_IMPORT = {
    "ending": "",
    "foreign": "",
    "errors": "foreign",
    "suggest": "",
    "files": "errors",
    "schema": "",
    "request": "",
    "sizes": "errors",
    "expr": "sizes",
    "ops": "expr sizes",
    "spelling": "ops sizes",
    "syntax": "errors",
    "program": "errors ops sizes spelling syntax",
    "template": "expr ops sizes spelling",
    "evaluate": "errors ops program sizes template",
    "data": "errors files ops",
    "values": "data errors evaluate ops program sizes suggest",
    "lower": "data errors evaluate expr ops program sizes spelling suggest syntax template values",
    "derive": "errors expr ops program sizes suggest template",
    "session": "data derive errors evaluate files lower ops program request syntax values",
    "render": "derive errors evaluate expr foreign ops program session sizes spelling suggest syntax template",
    "check": "data derive errors evaluate expr lower ops program render request session sizes spelling suggest "
    "syntax template values",
    "render.report": "check derive foreign render sizes",
    "render.verdicts": "check errors foreign render",
    "cli": "check derive ending errors files foreign ops render render.report render.verdicts request schema session sizes suggest "
    "syntax",
}

# The libraries, and the only files that import them.
LIBRARIES = {
    "lark": ["syntax/table.py"],
    "typer": ["cli/"],
    "rich": ["cli/", "render/layout.py", "render/table.py"],
    "autograd": ["check/"],
    "jax": ["check/"],
    "torch": ["check/"],
}

# What runs before NumPy is there: --help, --version, a syntax error.
WITHOUT_NUMPY = (
    "ending",
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
    "cli",
)


def home(name):
    """The entry of MAY_IMPORT that a module of the package belongs to."""
    parts = name.split(".")
    found = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((name for name in found if name in MAY_IMPORT), parts[0])


def module(path):
    """A file's dotted name within the package."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imported(path):
    """The dotted names that a file imports, those for the type checker alone left out."""
    waiting = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
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


def test_nothing_leads_back():
    seen = []
    for entry, allowed in MAY_IMPORT.items():
        assert set(allowed.split()) <= set(seen), entry
        seen.append(entry)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_within_the_package(path):
    own = home(module(path))
    if own in ("__init__", "__main__"):
        return
    assert own in MAY_IMPORT, f"say in MAY_IMPORT what {own} imports"
    allowed = {own, "__version__", "__file__", *MAY_IMPORT[own].split()}
    for found in imported(path):
        package, _, rest = found.partition(".")
        if package == "gradcli" and rest:
            assert home(rest) in allowed, f"{name(path)} imports {found}"


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


def test_every_entry_is_needed():
    modules = {home(module(path)) for path in MODULES}
    assert set(MAY_IMPORT) == modules - {"__init__", "__main__"}


def test_the_table_of_the_architecture_page_is_this_one():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    listed = [row.split("`")[1].rstrip("/") for row in rows]
    assert [module for module in listed if module in MAY_IMPORT], "the page has a table of modules"
    assert {entry.split(".")[0] for entry in MAY_IMPORT} <= set(listed)
    assert len(set(listed)) == len(listed)
