"""Text in lines of a width: where a formula may be broken, and how wide a text is."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from gradcli.errors import cells
from gradcli.record import Record

OPENING, CLOSING = "([{", ")]}"
OPERATORS = "+-*/@^<>=∘⊙:·→"
QUOTE = '"'


def fold(text: str, width: int | None, indent: int, *, prose: bool = False) -> list[str]:
    """A text in lines of at most a width: a formula broken before operators and after commas,
    outside brackets where it can be, and words at spaces. Where that does not do, behind a bracket
    that opens and between indices; what can't be broken sticks out. prose: lines as full as can be.
    """
    if width is None or cell_width(text) <= width:
        return [text]
    lines: list[str] = []
    places, start, pad = _places(text), 0, ""
    while cell_width(pad + text[start:]) > width:
        begun = cell_width(text[:start])
        left = [place for place in places if place.at > start]
        at = _break(left, begun, width - len(pad), prose=prose)
        if at is None:
            break
        lines.append(pad + text[start:at].rstrip())
        start = at + len(text[at:]) - len(text[at:].lstrip())
        pad = " " * indent
    lines.append(pad + text[start:])
    return lines


class _Place(Record):
    """Where a text may be broken: how deep in brackets, whether behind a comma, at which character,
    how many cells are before it, and whether that is better left alone.
    """

    depth: int
    comma: bool
    at: int
    used: int
    tight: bool


def _break(places: Sequence[_Place], begun: int, width: int, *, prose: bool) -> int | None:
    """Where to break what is too long, that begins after so many cells; None for no place."""
    fitting = [place for place in places if place.used - begun <= width]
    loose = [place for place in fitting if not place.tight]
    if prose and loose:
        return loose[-1].at
    # The outermost brackets' last place, unless that leaves a short line; else any; else the next.
    # Behind a comma is better than before an operator.
    long = [place for place in loose if 5 * (place.used - begun) >= 2 * width]
    for some in (long, loose[-1:], fitting[-1:], places[:1]):
        if some:
            return min(some, key=lambda place: (place.depth, not place.comma, -place.at)).at
    return None


def _places(text: str) -> list[_Place]:
    """Before operators and behind commas in a formula; in words at every space.

    Tight ones: between indices, as in `h[t - 1, 2]`, and behind a bracket that opens.
    """
    places: list[_Place] = []
    whole: list[bool] = []  # of each bracket around: whether it is a name's, as in h[t - 1]
    used, quoted = 0, False
    for at, c in enumerate(text):
        before = text[at - 1] if at else ""
        within = any(whole)
        if quoted or not at:
            pass
        elif c == " " and before not in OPERATORS + " " and (not within or before == ","):
            places.append(_Place(len(whole), before == ",", at, used, within))
        elif before == "(" and not within and at > 1 and (text[at - 2].isalnum()):
            places.append(_Place(len(whole), False, at, used, True))
        quoted ^= c == QUOTE
        used += cell_width(c)
        if c in OPENING:
            whole.append(c == "[" and (before.isalnum() or before in set("_])")))
        elif c in CLOSING and whole:
            whole.pop()
    return places


def pieces(text: str, *, tight: bool = False) -> list[str]:
    """What stands between the places where a text may be broken; the first is indented as it is."""
    at = [place.at for place in _places(text) if tight or not place.tight]
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
