"""Text in lines of a width: where a formula may be broken, and how wide a text is."""

from __future__ import annotations

import itertools

from gradcli.errors import cells
from gradcli.record import Record

OPENING, CLOSING = "([{", ")]}"
OPERATORS = "+-*/@^<>=∘⊙:"
QUOTE = '"'


def fold(text: str, width: int | None, indent: int) -> list[str]:
    """A text in lines of at most a width: a formula broken before operators and after commas,
    outside brackets where it can be, and words at spaces. What can't be broken sticks out.
    """
    lines: list[str] = []
    pad = ""
    while width is not None and cell_width(pad + text) > width:
        at = _break(text, width - len(pad))
        if at is None:
            break
        lines.append(pad + text[:at].rstrip())
        text = text[at:].lstrip()
        pad = " " * indent
    lines.append(pad + text)
    return lines


class _Place(Record):
    """Where a text may be broken: how deep in brackets, whether behind a comma, at which character,
    and how many cells are before it.
    """

    depth: int
    comma: bool
    at: int
    used: int


def _break(text: str, width: int) -> int | None:
    """Where to break a text that is too long; None where there is no place."""
    places = _places(text)
    fitting = [place for place in places if place.used <= width]
    # The outermost brackets' last place, unless that leaves a short line; else any; else the next.
    # Behind a comma is better than before an operator.
    long = [place for place in fitting if 5 * place.used >= 2 * width]
    for some in (long, fitting[-1:], places[:1]):
        if some:
            return min(some, key=lambda place: (place.depth, not place.comma, -place.at)).at
    return None


def _places(text: str) -> list[_Place]:
    """Before operators and behind commas, nothing else in a formula; in words at every space."""
    places: list[_Place] = []
    whole: list[bool] = []  # of each bracket around: whether it is a name's, as in h[t - 1]
    used, quoted = 0, False
    for at, c in enumerate(text):
        if c == " " and at and not (quoted or any(whole)) and text[at - 1] not in OPERATORS + " ":
            places.append(_Place(len(whole), text[at - 1] == ",", at, used))
        quoted ^= c == QUOTE
        used += cell_width(c)
        if c in OPENING:
            whole.append(c == "[" and at > 0 and (text[at - 1].isalnum() or text[at - 1] in "_])"))
        elif c in CLOSING and whole:
            whole.pop()
    return places


def pieces(text: str) -> list[str]:
    """What stands between the places where a text may be broken; the first is indented as it is."""
    at = [place.at for place in _places(text)]
    first, *others = [text[a:b].rstrip() for a, b in itertools.pairwise([0, *at, len(text)])]
    return [first, *map(str.lstrip, others)]


def cell_width(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii() or max(text) < FIRST_COMBINING:
        return len(text)
    return sum(map(_WIDTHS.__getitem__, text))


class _Widths(dict[str, int]):
    def __missing__(self, character: str) -> int:
        self[character] = width = cells(character)
        return width


_WIDTHS = _Widths()
FIRST_COMBINING = "\u0300"  # before it, no character is wide or combining
