"""What a check finds as SARIF 2.1.0, which code hosts and editors show beside the code."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gradcli.foreign import dumps, visible
from gradcli.render.diagnostics import Diagnostic, Related
from gradcli.version import __version__

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"fail": "error", "wrong": "error", "inconclusive": "warning", "unchecked": "warning"}


def result(
    rule: str, level: str, message: str, file: str | None, region: dict[str, int] | None = None
) -> dict[str, Any]:
    """One finding. Without a region it is about the file, and stands at its first line."""
    found: dict[str, Any] = {
        "ruleId": rule,
        "level": level,
        "message": {"text": visible(message)},
    }
    if file is not None:
        found["locations"] = [_location(file, region)]
    return found


def _location(file: str, region: dict[str, int] | None) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(file)},
            "region": region or {"startLine": 1},
        }
    }


def region(line: int, column: int, end_line: int, end_column: int) -> dict[str, int]:
    return {
        "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column,
    }  # fmt: skip


def of_diagnostics(found: Iterable[Diagnostic]) -> Iterator[dict[str, Any]]:
    for one in found:
        where = None
        if one.line is not None and one.column is not None:
            where = region(
                one.line, one.column, one.end_line or one.line, one.end_column or one.column
            )
        text = f"{one.message}; hint: {one.hint}" if one.hint else one.message
        record = result(one.kind, "error", text, one.file, where)
        if one.statement and one.file is not None:
            around = record["locations"][0]["physicalLocation"]
            around["contextRegion"] = region(*one.statement)
        if one.related:
            record["relatedLocations"] = [_related(other) for other in one.related]
        yield record


def _related(other: Related) -> dict[str, Any]:
    file, line, column, end_line, end_column, message = other
    where = _location(file, region(line, column, end_line, end_column))
    return {**where, "message": {"text": visible(message)}}


def log(results: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The whole log: one run with its results."""
    found = list(results)
    rules = [{"id": rule} for rule in dict.fromkeys(item["ruleId"] for item in found)]
    driver = {"name": "gradcli", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": found}
    yield dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _uri(file: str) -> str:
    """A path as a URI; a relative one stays relative, to the folder that the command ran in."""
    path = Path(file)
    text = quote(os.fsencode(path.as_posix()))
    return f"file://{text}" if path.is_absolute() else text
