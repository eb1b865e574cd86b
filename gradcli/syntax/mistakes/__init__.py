"""The known mistakes of syntax, each with what is said of it; the first that fits counts."""

from __future__ import annotations

from gradcli.syntax.mistakes import blocks, expressions, lists, statements
from gradcli.syntax.mistakes.place import Message

MESSAGES: tuple[Message, ...] = tuple(
    message._replace(kind=group.KIND)
    for group in (blocks, statements, expressions, lists)
    for message in group.MESSAGES
)
