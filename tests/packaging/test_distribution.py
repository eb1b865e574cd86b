"""What an installed gradcli has with it, and what starts it."""

import subprocess
import sys
import tomllib
from importlib.metadata import requires
from pathlib import Path

import gradcli
from gradcli.syntax.lalr import grammar_path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_grammar_is_found_and_is_the_one_of_the_checkout():
    assert grammar_path().read_bytes() == (ROOT / "grammars" / "gradcli.lark").read_bytes()


def test_four_libraries_are_all_that_it_needs():
    needed = [text for text in requires("gradcli") if "extra ==" not in text]
    names = sorted(text.partition(">")[0].partition("<")[0].strip() for text in needed)
    assert names == ["lark", "numpy", "rich", "typer"]


def test_the_command_and_the_module_are_one():
    assert PROJECT["scripts"] == {"gradcli": "gradcli.__main__:main"}
    found = subprocess.run(
        [sys.executable, "-m", "gradcli", "--version"], capture_output=True, text=True, check=True
    )
    assert found.stdout == f"gradcli {gradcli.__version__}\n"


def test_the_package_says_that_it_is_typed():
    assert Path(gradcli.__file__).with_name("py.typed").exists()


def test_the_range_of_pythons_is_said_alike():
    assert PROJECT["requires-python"] == ">=3.11"
    assert "Python 3.11 or later" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_changelog_has_the_version():
    assert f"## {gradcli.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_what_pages_are_made_of_is_installed():
    folder = Path(gradcli.__file__).parent / "render" / "page"
    assert (folder / "style.css").stat().st_size
    assert (folder / "script.js").stat().st_size
