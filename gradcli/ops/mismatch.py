"""What does not fit an operation."""

from __future__ import annotations


class Mismatch(Exception):
    """Operands or attributes that do not fit an operation.

    `{0}`, `{1}` … in the texts stand for the operands. attribute: the one that is wrong, where it
    is one of these.
    """

    def __init__(self, message: str, hint: str | None = None, attribute: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.attribute = attribute
