"""Documents held against the schema that the package ships."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from gradcli.schema import schema, schema_of

ALIKE = 3  # records of one form, in a list, that are looked at: the schema says the same of all


@cache
def validator(name: str) -> Draft202012Validator:
    """That of one kind of document; the empty name is the whole schema's."""
    return Draft202012Validator(schema_of(name) if name else schema())


def valid(name: str, document: Any) -> None:
    validator(name).validate(few(document))


def all_valid(name: str, documents: Iterable[Any]) -> None:
    """Hold many documents against a schema, a few of each form."""
    for document in _some([few(document) for document in documents]):
        validator(name).validate(document)


def few(part: Any) -> Any:
    """A document with a few entries of each form in each list. Forms differ in keys and types."""
    if isinstance(part, dict):
        return {key: few(inner) for key, inner in part.items()}
    return _some([few(inner) for inner in part]) if isinstance(part, list) else part


def _some(parts: list[Any]) -> list[Any]:
    seen: Counter[Any] = Counter()
    found = []
    for part in parts:
        form = _form(part)
        seen[form] += 1
        if seen[form] <= ALIKE:
            found.append(part)
    return found


def _form(part: Any) -> Any:
    if isinstance(part, dict):
        return frozenset((key, _form(inner)) for key, inner in part.items())
    if isinstance(part, list):
        return ("list", *{_form(inner): None for inner in part})
    return type(part).__name__
