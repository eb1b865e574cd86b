"""The kinds of errors: each that is raised is on the list; an error knows its place."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import gradcli
from gradcli.errors import GradError, Source, Span
from gradcli.kinds import KINDS
from gradcli.syntax.mistakes import MESSAGES

FILES = sorted(Path(gradcli.__file__).parent.rglob("*.py"))


def stated(path):
    """The kinds that a file states as texts."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "kind" and isinstance(keyword.value, ast.Constant):
                    yield (
                        getattr(node.func, "id", getattr(node.func, "attr", "")),
                        keyword.value.value,
                    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_stated_kind_is_on_the_list(path):
    for function, kind in stated(path):
        if function in ("GradError", "error", "error_over"):
            assert kind in KINDS


def test_the_table_of_mistakes_has_kinds_of_the_list():
    assert {message.kind for message in MESSAGES} <= set(KINDS)


def test_an_error_knows_where_it_begins_and_ends():
    error = GradError("wrong", Span(Source("m.eq", "\ny = (a\n  + b)\n"), 5, 14), kind="syntax")
    assert (error.file, error.line, error.column) == ("m.eq", 1, 5)
    assert (error.end_line, error.end_column) == (2, 7)


def test_an_error_without_a_place():
    error = GradError("wrong")
    assert {error.file, error.line, error.column, error.end_line, error.end_column} == {None}


def test_every_kind_of_the_list_is_in_use():
    used = {kind for path in FILES for _, kind in stated(path)}
    used |= {message.kind for message in MESSAGES}
    text = "".join(path.read_text(encoding="utf-8") for path in FILES if path.stem != "kinds")
    assert [kind for kind in KINDS if kind not in used and f'"{kind}"' not in text] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_error_has_a_kind(path):
    """No error is raised without one, so that the default is never seen."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "GradError":
            assert any(keyword.arg == "kind" for keyword in node.keywords), node.lineno
