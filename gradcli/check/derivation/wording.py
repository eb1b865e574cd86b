"""Code in the words of a person's file: what only the tool has a name for, by a name of the file's
own or of the model's, or by a short expression of the same value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gradcli.check.derivation import edits
from gradcli.check.derivation.agreement import AGREE, compare
from gradcli.check.derivation.expected import Share
from gradcli.check.derivation.line import version
from gradcli.check.derivation.machine import DL, split_name
from gradcli.check.derivation.pools import origin, spelled, strange
from gradcli.check.derivation.postfix import parse, plain, text
from gradcli.check.derivation.runs import turned
from gradcli.check.derivation.sheet import Sheet
from gradcli.errors import GradError
from gradcli.lower.text import Poisoned
from gradcli.ops.core import Array
from gradcli.syntax import ast

DEEPEST = 4  # z names inside each other
LONGEST = 40  # characters of an expression in the place of a name
MOST = 6  # names of the tool's in one line
NAMES = re.compile(r"(?:\bdL/d|\b)([^\W\d]\w*(?:\[[\d, ]+\])?)(?:\.T)?")


def in_their_words(sheet: Sheet, code: ast.Code, place: int) -> ast.Code:
    """Code for the line at a place, without names that the person did not write."""
    for _ in range(MOST):
        for start, end in _strangers(sheet, code):
            other = _named(sheet, code[start:end], place) or _expressed(sheet, code[start:end])
            if other is not None:
                code = code[:start] + other + code[end:]
                break
        else:
            return code
    return code


def _named(sheet: Sheet, leaf: ast.Code, place: int) -> ast.Code | None:
    """A name in the file, or of the model's own, that has the value of one of the tool's."""
    name = spelled(leaf)
    derivative = leaf[0][0] == "derivative"
    value = sheet.known.get((DL if derivative else "") + name)
    if value is None:
        return None
    latest = {sheet.lines[p].target: p for p in range(place) if sheet.lines[p].own}
    own = [(t, sheet.known.get(version(sheet.lines[p], p))) for t, p in latest.items()]
    names: list[tuple[str, Array | None]] = [*own[::-1]]
    if derivative:
        names += [(DL + n, sheet.known.get(DL + n)) for n in sorted(sheet.mentioned) if n != name]
    for other, known in names:
        if known is None or other == (DL if derivative else "") + name:
            continue
        if _equal(known, value):
            return parse(other)
        if _equal(turned(known), value):
            return (*parse(other), edits.TRANSPOSED)
    return None


def _equal(found: Array, expected: Array) -> bool:
    return found.shape == expected.shape and compare(found, expected, 0.0).state == AGREE


def _expressed(sheet: Sheet, leaf: ast.Code) -> ast.Code | None:
    """The expression that a z name, or its derivative, stands for, by names that are known."""
    steps = {step.name: step.text for step in sheet.program.steps}
    code = leaf
    for _ in range(DEEPEST):
        found = (at for at in _strangers(sheet, code) if spelled(code[slice(*at)]) in steps)
        inner = next(found, None)
        if inner is None:
            break
        name = spelled(code[slice(*inner)])
        if code[inner[0]][0] == "derivative":
            body = origin(sheet, name)[1]
            named = split_name(name)[0] in sheet.words  # it is of the model's own
            longer = any(step[0] == "call" for step in body)
            if named or longer or plain(body) == plain(code[slice(*inner)]):
                break
        else:
            try:
                body = parse(steps[name].partition(" = ")[2])
            except GradError:
                return None
        code = code[: inner[0]] + body + code[inner[1] :]
    try:
        sheet.lower(code, ())
    except (GradError, Poisoned):
        return None
    known = leaf[0][0] != "derivative" or not _strangers(sheet, code)
    return code if known and len(text(code)) <= LONGEST and code != leaf else None


def _strangers(sheet: Sheet, code: ast.Code) -> list[tuple[int, int]]:
    """Where the tool's own names stand in code, of which the file knows nothing."""
    return [(a, b) for a, b in edits.leaves(code) if strange(sheet, code[a:b])]


def without(sheet: Sheet, shares: Iterable[Share]) -> str:
    """What a line leaves out that lacks some contributions on the way to it."""
    steps = sheet.program.steps
    named = ", and through ".join(
        f"equation {s.eq} ({steps[s.eq - 1].text}) by {DL}{s.rows[0].target}" for s in shares
    )
    return f"what comes through {named} is left out"


def phrased(sheet: Sheet, message: str, place: int) -> str:
    """A message with the tool's own names as the corrected line at a place has them."""

    def known(found: re.Match[str]) -> str:
        name = found[1]
        if name not in sheet.program.shapes:
            return found[0]
        return text(in_their_words(sheet, parse(found[0]), place))

    return NAMES.sub(known, message)
