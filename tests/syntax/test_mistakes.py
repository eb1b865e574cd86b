"""The table of syntax mistakes: its own snippets reach every entry, and each gives its message."""

from __future__ import annotations

import re

import pytest

from gradcli.syntax import read, read_source
from gradcli.syntax.mistakes import MESSAGES


def pattern(template: str) -> str:
    """A message as a pattern: what the place fills in may be anything."""
    return re.sub(r"\\\{.*?\\\}", ".+", re.escape(template))


@pytest.mark.parametrize("entry", MESSAGES, ids=[entry.snippet for entry in MESSAGES])
def test_a_snippet_gives_its_message(entry):
    parsed = read(read_source("snippet", entry.snippet.encode()), entry.file)
    (error,) = parsed.errors
    assert re.fullmatch(pattern(entry.message), error.message)
    assert error.hint is None or re.fullmatch(pattern(entry.hint or ""), error.hint)
    assert bool(error.hint) == bool(entry.hint) or "{" in entry.hint


def test_every_entry_is_reached_by_its_own_snippet(monkeypatch):
    """Entries with the same words are told apart: without an entry, its snippet is worded anew."""
    from gradcli.syntax import messages

    for entry in MESSAGES:
        others = tuple(
            other._replace(message="another") if other is not entry else entry for other in MESSAGES
        )
        monkeypatch.setattr(messages, "MESSAGES", others)
        (error,) = read(read_source("snippet", entry.snippet.encode()), entry.file).errors
        assert error.message != "another", entry.snippet
