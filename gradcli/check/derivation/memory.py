"""What has been found out of lines on some points, for other derivations there: a class writes the
same lines.

A line is known by its expression, and by those of the own names that it is made from.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import count
from typing import Any, TypeVar

from gradcli.check.derivation.postfix import plain
from gradcli.syntax import ast

T = TypeVar("T")

MOST_KEPT = 20_000_000  # numbers, about
LEAST = 200  # what anything kept is counted as


class Memory:
    """Results by what they follow from; all are forgotten when they grow too large."""

    def __init__(self) -> None:
        self.known: dict[Hashable, Any] = {}
        self.size = 0
        self.numbers = count()

    def of(self, key: Hashable, made: Callable[[], T], size: Callable[[T], int] | int = 0) -> T:
        """What is known under a key; made where nothing is. size: how many numbers it holds."""
        if key in self.known:
            found: T = self.known[key]
            return found
        found = made()
        self.size += LEAST + (size if isinstance(size, int) else size(found))
        if self.size > MOST_KEPT:
            self.known.clear()
            self.size = 0
        self.known[key] = found
        return found

    def number(self, code: ast.Code, language: Hashable, sources: Sequence[Hashable]) -> int:
        """A number for an expression: one and the same where all that it is worth follows from is.

        language: what else its words depend on; sources: the own names in it, with their numbers.
        """
        key = ("code", plain(code), language, tuple(sources))
        return self.of(key, lambda: next(self.numbers), len(code))
