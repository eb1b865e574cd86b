"""What is said of a token that no rule allows where it stands."""

from __future__ import annotations

from gradcli.record import Record
from gradcli.syntax.lalr import load
from gradcli.syntax.lexer import Token
from gradcli.syntax.mistakes import MESSAGES
from gradcli.syntax.mistakes.place import DECLARATIONS, HOLDS, LINE, TOKEN, WORDS, Place


class Explained(Record):
    message: str
    hint: str | None
    at: str
    kind: str


def explain(
    read: list[Token], expected: frozenset[str], after: str = "", derivation: bool = False
) -> Explained:
    """What is said of the last token read; `after` is the rest of its line."""
    kind, text, (at, _) = read[-1]
    known = [t for t in read[:-1] if t[0] not in ("_INDENT", "_DEDENT", "_NL")]
    before, before_text, (_, before_end) = known[-1] if known else ("", "", (-1, -1))
    words, kinds = tuple(t[1] for t in known), tuple(t[0] for t in known)
    touches = before_end == at
    rest = after.strip(" \t")
    place = Place(
        kind, text, before, before_text, words, kinds, expected, touches, rest, derivation
    )
    fields = {
        **place._asdict(),
        "other": WORDS.get(text) or WORDS.get(before_text),
        "declaration": DECLARATIONS.get(before_text),
        "one_of": _one_of(expected) or "",
        "first": place.first.strip(),
        "holds": HOLDS[derivation],
        "line": LINE[derivation],
        "several": place.several,
    }
    for message in MESSAGES:
        if message.applies(place):
            hint = message.hint and message.hint.format(**fields)
            return Explained(
                message.message.format(**fields), hint or None, message.at, message.kind
            )
    return Explained(f"unexpected `{text}`", _one_of(expected), TOKEN, "syntax")


def _one_of(expected: frozenset[str]) -> str | None:
    """What may stand there, where that is little enough to say."""
    spelling = {"NAME": "a name", "_NL": "the end of the line", **load().spelling}
    shown = sorted({spelling.get(kind, kind.lower()) for kind in expected if not _is_rule(kind)})
    if not 0 < len(shown) <= 3:
        return None
    return f"expected {' or '.join(shown)}"


def _is_rule(symbol: str) -> bool:
    """Whether it is a rule's name, not a terminal's."""
    return symbol != symbol.upper()
