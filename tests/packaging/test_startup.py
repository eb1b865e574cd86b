"""What a command loads: --help, --version and a syntax error start without NumPy, lark and rich."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "mlp.eq"
HEAVY = {"numpy", "lark", "rich", "pydantic"}
# Where Python is to write no bytecode, no parse table is kept either, and lark is loaded each time.
KEEPING = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

RUN = """
import sys
from gradcli.cli import run
sys.argv = ["gradcli", *sys.argv[1:]]
print(run(), *sorted(m for m in sys.modules if "." not in m), file=sys.stderr)
"""


def loaded(*arguments, text=""):
    """The exit code of a command, and which heavy libraries it has loaded."""
    found = subprocess.run(
        [sys.executable, "-c", RUN, *map(str, arguments)],
        input=text,
        capture_output=True,
        encoding="utf-8",
        check=True,
        env=KEEPING,
    )
    code, *modules = found.stderr.splitlines()[-1].split()
    return int(code), HEAVY & set(modules)


@pytest.fixture(autouse=True, scope="module")
def parse_table():
    """Lark is loaded once, to compile the grammar; what it made is kept."""
    loaded("derive", EXAMPLE)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["derive", "--help"]])
def test_help_and_version(arguments):
    assert loaded(*arguments) == (0, set())


def test_a_syntax_error():
    assert loaded("derive", "-", text="a = (1 + \n") == (2, set())


def test_the_schema():
    assert loaded("schema") == (0, set())


@pytest.mark.parametrize("form", ["table", "json", "grad"])
def test_a_derivation_needs_numpy_alone(form):
    assert loaded("derive", EXAMPLE, "-f", form) == (0, {"numpy"})


EDGE = {"version", "cli", "ending", "errors", "foreign", "record"}

PARTS = """
import sys
from gradcli.cli import run
sys.argv = ["gradcli", *sys.argv[1:]]
run()
print(*(m for m in sys.modules if m.startswith("gradcli.")), file=sys.stderr)
"""


def parts(*arguments):
    """The package's own modules that a command loads."""
    found = subprocess.run(
        [sys.executable, "-c", PARTS, *map(str, arguments)],
        input="a = (1 + \n",
        capture_output=True,
        encoding="utf-8",
        check=True,
        env=KEEPING,
    )
    return set(found.stderr.splitlines()[-1].split())


def folders(modules):
    return {module.split(".")[1] for module in modules}


def test_help_loads_nothing_of_the_engine():
    assert folders(parts("--help")) == {*EDGE, "files"}


def test_a_syntax_error_loads_what_reads():
    reading = {"api", "files", "render", "request", "session", "syntax"}
    assert folders(parts("derive", "-")) == EDGE | reading


def test_a_command_loads_no_other():
    names = {"derive", "check", "views", "emit", "grade", "blank", "ops", "schema"}
    others = {f"gradcli.cli.{name}" for name in names - {"derive"}}
    assert not others & parts("derive", EXAMPLE)


@pytest.mark.parametrize("form", ["table", "json"])
def test_a_derivation_loads_what_it_takes(form):
    loaded = parts("derive", EXAMPLE, "-f", form)
    spared = {"check", "proof", "codegen", "emit", "grade", "compact", "views"}
    assert not spared & folders(loaded)


@pytest.mark.parametrize(("options", "wanted"), [((), False), (("--compact",), True)])
def test_the_compact_form_is_loaded_where_it_is_asked_for(options, wanted):
    assert ("compact" in folders(parts("derive", EXAMPLE, *options))) is wanted


PYTHON = """
import sys
import gradcli
print(*sorted(m for m in sys.modules if m.startswith("gradcli")))
gradcli.load(sys.argv[1])
gradcli.Derivation, gradcli.GradError
print(*sorted(m for m in sys.modules if "." not in m))
"""


def test_importing_loads_nothing_and_reading_a_model_no_numpy():
    found = subprocess.run(
        [sys.executable, "-c", PYTHON, str(EXAMPLE)],
        capture_output=True,
        text=True,
        check=True,
        env=KEEPING,
    )
    imported, read = found.stdout.splitlines()
    assert imported == "gradcli"
    assert not (HEAVY | {"typer"}) & set(read.split())
