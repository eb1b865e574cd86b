"""A Program in the making: what a file has declared so far, and its errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gradcli.errors import MOST_ERRORS, GradError, GradErrors, Span
from gradcli.lower.env import Env
from gradcli.program import Input
from gradcli.record import Record
from gradcli.sizes import Number
from gradcli.syntax import Parsed, ast
from gradcli.syntax.ast import Place


def no_files(name: str, span: Span) -> tuple[int, ...]:
    raise GradError(f'file("{name}") can\'t be read here', span, kind="unreadable-file")


class Options(Record):
    """What comes from outside a model: its dims' values, the arrays bound to its names, limits.

    shape_in: the shape of the array in a file that the model names; raises GradError.
    """

    dims: Mapping[str, int] = {}
    data: Mapping[str, Any] = {}
    max_elements: int = 10**8
    shape_in: Callable[[str, Span], tuple[int, ...]] = no_files


@dataclass
class Draft:
    """What the statements of a file have said so far; `env` is what equations are lowered in."""

    parsed: Parsed
    options: Options
    env: Env
    errors: list[GradError]
    layout: str = "numerator"
    inputs: dict[str, Input] = field(default_factory=dict)
    ranges: dict[str, tuple[tuple[Number, Number], ...]] = field(default_factory=dict)
    loss: tuple[str, Place] | None = None
    given: list[ast.GivenItem] = field(default_factory=list)

    def report(self, error: GradError) -> None:
        """Keep an error and go on, unless there are too many."""
        self.errors.append(error)
        if len(self.errors) >= MOST_ERRORS:
            raise GradErrors(self.errors)
