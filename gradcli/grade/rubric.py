"""What a derivation's lines are worth: points by target, and what a mistake leaves of them."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from typing import Any, NamedTuple

from gradcli.errors import GradError, Source, Span
from gradcli.files import read_file
from gradcli.suggest import suggestion
from gradcli.syntax import read_source

MOST_BYTES = 2**20
KEYS = ("default", "extra", "points", "partial")
CLASSES = (
    "missing-accumulate", "nothing-to-accumulate", "counted-twice", "transpose", "operand-order",
    "missing-factor", "extra-factor", "wrong-operand", "sign", "scale", "softmax-diagonal",
    "missing-sum", "shape", "unknown",
)  # fmt: skip
ANY = "*"


class Rubric(NamedTuple):
    """How a derivation is marked.

    default: the points of a line of the model's listing. points: those of the targets that a
        pattern fits, the first that does; `*` stands for any text.
    partial: the part of its points, from 0 to 1, that a wrong line keeps, by the class of its
        mistake; `*` for every other class.
    extra: what a wrong line costs that stands for no line of the listing.
    """

    default: float = 1.0
    points: Mapping[str, float] = {}
    partial: Mapping[str, float] = {}
    extra: float = 1.0

    def worth(self, target: str) -> float:
        """The points of a line of the listing."""
        for pattern, points in self.points.items():
            parts = map(re.escape, pattern.split("*"))
            if re.fullmatch(".*".join(parts), target, re.DOTALL):
                return points
        return self.default

    def kept(self, diagnosis: str | None) -> float:
        """The part of its points that a line keeps with a mistake."""
        return self.partial.get(diagnosis or "unknown", self.partial.get(ANY, 0.0))


def load(path: str) -> Rubric:
    """A rubric from a TOML file. Raises GradError with the place of what is wrong."""
    source = read_source(path, read_file(path, MOST_BYTES))
    try:
        found = tomllib.loads(source.text[1:])
    except tomllib.TOMLDecodeError as error:
        raise _syntax(source, str(error)) from None
    except RecursionError:
        raise GradError(f"{path}: nested too deep", kind="bad-data") from None
    for key in found:
        if key not in KEYS:
            raise _wrong(source, key, f"a rubric has no `{key}`", suggestion(key, KEYS))
    return Rubric(
        _number(source, "default", found.get("default", 1.0)),
        _table(source, "points", found),
        _table(source, "partial", found),
        _number(source, "extra", found.get("extra", 1.0)),
    )


def _table(source: Source, name: str, found: Mapping[str, Any]) -> dict[str, float]:
    """One of the tables of a rubric."""
    table = found.get(name, {})
    if not isinstance(table, dict):
        raise _wrong(source, name, f"`{name}` is a table", f"[{name}]")
    for key, value in table.items():
        most = 1.0 if name == "partial" else math.inf
        _number(source, key, value, most)
        if name == "partial" and key not in (*CLASSES, ANY):
            hint = suggestion(key, CLASSES) or "the classes stand in docs/checking.md"
            raise _wrong(source, key, f"there is no mistake of the class `{key}`", hint)
    return {key: float(value) for key, value in table.items()}


def _number(source: Source, key: str, value: Any, most: float = math.inf) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and math.isfinite(value) and 0 <= value <= most:
        return float(value)
    what = "a number from 0 to 1" if most == 1.0 else "a number of points, 0 or more"
    raise _wrong(source, key, f"`{key}` is {what}")


def _wrong(source: Source, key: str, message: str, hint: str | None = None) -> GradError:
    """The error at a key, where the text has it as such."""
    found = re.search(
        rf"^[ \t]*\[?[ \t]*[\"']?({re.escape(key)})[\"']?[ \t]*[=\].]", source.text, re.MULTILINE
    )
    span = Span(source, *found.span(1)) if found else Span(source, 1, 1)
    return GradError(message, span, hint, kind="bad-data")


def _syntax(source: Source, message: str) -> GradError:
    """TOML's own error, at its place."""
    found = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    text = message[: found.start()] if found else message
    at = max(1, len(source.text.rstrip()) - 1)
    if found and found[1]:
        lines = source.text.split("\n")
        at = sum(len(line) + 1 for line in lines[: int(found[1])]) + int(found[2]) - 1
    return GradError(text[:1].lower() + text[1:], Span(source, at, at + 1), kind="bad-data")
