"""The JSON Schema of what the commands write with --json, as it is shipped with the package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("gradcli.schema.json")


def schema() -> dict[str, Any]:
    """The schema of every document; each kind has a definition of its own."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def documents() -> list[str]:
    """The kinds of documents, in the schema's order: those whose title names a command."""
    return [name for name, part in schema()["$defs"].items() if part.get("title")]


def schema_of(document: str) -> dict[str, Any]:
    """The schema of one kind of document: `derive`, say. Raises KeyError for an unknown one."""
    whole = schema()
    part = whole["$defs"][document]
    return {
        "$schema": whole["$schema"],
        "$id": f"{whole['$id']}:{document}",
        "title": part["title"],
        "$ref": f"#/$defs/{document}",
        "$defs": whole["$defs"],
    }
