"""A loop's backward steps with its index as a letter, the regions of slices included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from gradcli import sizes
from gradcli.forms import Member, plus, polynomial
from gradcli.ops.attributes import ATTRIBUTES
from gradcli.ops.parts import Part
from gradcli.program import Loop, Operand, Step, written
from gradcli.sizes import Form, Number, Sizes, of_size
from gradcli.spelling import write
from gradcli.transform.reify import DERIVATIVE, OWN, Row
from gradcli.transform.reverse import Derivation, leaf_of, region_text
from gradcli.transform.vjp import Contribution, Derived, Known, gains


class Lettered(NamedTuple):
    """A backward step of a loop with letters: what it states, and what its formula is made of.

    name, args: what the forward step's result and operands are called; `own` its rule's own lines.
    contribution: what the row adds, its numbers with letters. region, piece: the part of the target
    that it reaches, and the part that it takes of the whole contribution, in brackets; or "".
    """

    row: Row
    name: str
    args: tuple[Operand, ...]
    own: tuple[str, ...]
    contribution: Contribution
    region: str = ""
    piece: str = ""

    @property
    def target(self) -> str:
        """The variable whose derivative it is, or the name of the rule's own line."""
        operand = self.row.operand
        return str(
            self.own[self.row.own.index(self.row.target)] if operand == OWN else self.args[operand]
        )

    @property
    def left(self) -> str:
        """What the line states, as it is written."""
        return self.target if self.row.operand == OWN else DERIVATIVE + self.target + self.region

    def formula(self, layout: str) -> str:
        """The formula as it is written."""
        text = self.contribution.listing[layout].format(self.name, *self.args, *self.own)
        if not self.piece:
            return text
        return text.removesuffix(region_text(self.row.contribution.piece, layout)) + self.piece

    def leaf(self, key: Any) -> Known | Derived | Number:
        """What a leaf of the contribution's nodes stands for."""
        return leaf_of(key, self.name, self.args, self.own)


def letters(derivation: Derivation, row: Row, step: Step, shown: Step) -> Lettered:
    """A backward step with letters for indices.

    step: the forward step that it belongs to. shown: the step that stands for it.
    """
    contribution = row.contribution
    if step.rolled is None or shown.rolled is None:
        region = derivation.target(row)[len(row.target) :]
        return Lettered(row, step.name, step.args, row.own, contribution, region)
    layout = derivation.layout
    args = tuple(
        [spelled(arg, own) for arg, own in zip(shown.rolled.args, shown.args, strict=True)]
    )
    if any(isinstance(arg, sizes.Lettered) for arg in shown.rolled.args):
        # Numbers are part of the formula: their values are this step's, their texts have letters.
        own = tuple(
            arg._replace(text=r.text, precedence=r.precedence)
            if isinstance(arg, Number) and isinstance(r, sizes.Lettered)
            else arg
            for arg, r in zip(step.args, step.rolled.args, strict=True)
        )
        contribution = again(step._replace(args=own), row)
    name = shown.rolled.name
    lines = tuple(
        str(name._replace(family=line)) if isinstance(name, Member) else line
        for line in gains(step).names
    )
    found = Lettered(row, str(name), args, lines, contribution)
    if (at := contribution.at) is not None:
        return found._replace(region=at.brackets[layout].format(str(name), *args))
    around = row.contribution.region
    if row.operand == OWN or row.region is None or around is None:
        return found
    known = derivation.program.sizes
    parts = [
        _target_part(part, whole, known) for part, whole in zip(row.region, around, strict=True)
    ]
    pieces = ""
    if (piece := row.contribution.piece) is not None:
        cut = [_piece_part(part, whole, known) for part, whole in zip(piece, around, strict=False)]
        pieces = bracketed(cut, layout)
    return found._replace(region=bracketed(parts, layout), piece=pieces)


def spelled(form: str | Member | Form, own: Operand) -> Operand:
    """An operand with letters: a name, or a number with its text."""
    if isinstance(form, sizes.Lettered):
        assert isinstance(own, Number)
        return own._replace(text=form.text, precedence=form.precedence)
    return form if isinstance(form, Number) else str(form)


def again(step: Step, row: Row) -> Contribution:
    """What a row adds, whole, for a step with other numbers."""
    found = gains(step)
    if row.operand == OWN:
        return found.lines[row.own.index(row.target)]
    return found.operands[row.operand] or row.contribution


def bounds(loop: Loop) -> tuple[str, str]:
    """The ends of a loop's range, with letters for the loops around."""
    first, last = loop.bounds
    return squeezed(first.form.text), squeezed(last.form.text)


def lettered(step: Step) -> Step:
    """A forward step with letters for indices: its name, its operands and its attributes."""
    if step.rolled is None:
        return step
    args = tuple(
        [spelled(form, own) for form, own in zip(step.rolled.args, step.args, strict=True)]
    )
    return step._replace(name=str(step.rolled.name), args=args)


def attributes(step: Step) -> list[tuple[str, Any]]:
    """The attributes of a forward step, with letters for indices."""
    if step.rolled is None:
        return list(step.call.attrs)
    letters = dict(step.rolled.attrs)
    return [(k, ATTRIBUTES[k].rolled(value, letters.get(k))) for k, value in step.call.attrs]


def equation(step: Step) -> str:
    """A forward step, with letters for indices, as it is written."""
    shown = lettered(step)
    operands = [written(arg) for arg in shown.args]
    return f"{shown.name} = {write(step.call.op, attributes(step), operands)[0]}"


def bracketed(parts: Sequence[str], layout: str) -> str:
    return f"[{', '.join(reversed(parts) if layout == 'numerator' else parts)}]"


def _target_part(part: Part, around: Part, sizes: Sizes) -> str:
    """A part of an axis within the slice that a loop's index moves along."""
    if part.whole or not around.rolled or (part.step and not part.rolled):
        return str(part)
    if part.rolled or around.single:
        return squeezed(around.rolled)
    first, last = around.letters
    zero = sizes.constant(0)
    return _between(
        part,
        ((int(around.start.value), first or of_size(zero)), (int(around.stop.value), last)),
        sizes,
    )


def _piece_part(part: Part, around: Part, sizes: Sizes) -> str:
    """A part of an axis of the slice itself, which begins at 0."""
    if part.whole or around.whole or around.single or around.step:
        return str(part)
    first, last = [None if form is None else polynomial(form, sizes) for form in around.letters]
    zero = sizes.constant(0)
    length = None if last is None else of_size(sizes.add(last, first or zero, -1))
    number = int(around.stop.value) - int(around.start.value)
    return _between(part, ((0, of_size(zero)), (number, length)), sizes)


def _between(part: Part, bounds: Sequence[tuple[int, Form | None]], sizes: Sizes) -> str:
    def text(value: int) -> str:
        origin, form = min(bounds, key=lambda bound: abs(value - bound[0]))
        if form is None:  # an open end, from which indices count down
            return str(value - origin) if value != origin else ""
        return squeezed(plus(form, value - origin, sizes))

    start = text(int(part.start.value))
    return start if part.single else f"{start}:{text(int(part.stop.value))}"


def squeezed(text: str) -> str:
    return text.replace(" ", "")
