"""A loop's backward steps with its index as a letter, the regions of slices included."""

from __future__ import annotations

from collections.abc import Sequence

from gradcli.forms import Member, plus, polynomial
from gradcli.ops.attributes import ATTRIBUTES
from gradcli.ops.parts import Part
from gradcli.program import Loop, Step
from gradcli.sizes import ATOM, Form, Lettered, Number, Sizes, of_size
from gradcli.spelling import write
from gradcli.transform.reify import DERIVATIVE, OWN, Row
from gradcli.transform.reverse import Derivation, region_text
from gradcli.transform.vjp import Contribution, gains


def letters(derivation: Derivation, row: Row, step: Step, shown: Step) -> tuple[str, str]:
    """A backward step's left side and its formula, with letters for indices.

    step: the forward step that it belongs to. shown: the step that stands for it.
    """
    if step.rolled is None or shown.rolled is None:
        return derivation.left(row), derivation.formula(row)
    layout = derivation.layout
    args = shown.rolled.args
    contribution = row.contribution
    if any(isinstance(arg, Lettered) for arg in args):
        # Numbers are part of the formula: their values are this step's, their texts have letters.
        own = tuple(
            arg._replace(text=r.text, precedence=r.precedence)
            if isinstance(arg, Number) and isinstance(r, Lettered)
            else arg
            for arg, r in zip(step.args, step.rolled.args, strict=True)
        )
        contribution = again(step._replace(args=own), row)
    name = shown.rolled.name
    lines = [
        str(name._replace(family=line)) if isinstance(name, Member) else line
        for line in gains(step).names
    ]
    formula = contribution.listing[layout].format(name, *args, *lines)
    if row.operand == OWN:
        return lines[row.own.index(row.target)], formula
    target = DERIVATIVE + str(args[row.operand])
    around = row.contribution.region
    if row.region is None or around is None:
        return target, formula
    sizes = derivation.program.sizes
    parts = [
        _target_part(part, whole, sizes) for part, whole in zip(row.region, around, strict=True)
    ]
    if (piece := row.contribution.piece) is not None:
        pieces = [
            _piece_part(part, whole, sizes) for part, whole in zip(piece, around, strict=False)
        ]
        formula = formula.removesuffix(region_text(piece, layout)) + bracketed(pieces, layout)
    return target + bracketed(parts, layout), formula


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


def equation(step: Step) -> str:
    """A forward step, with letters for indices."""
    if step.rolled is None:
        return step.text
    op = step.call.op
    letters = dict(step.rolled.attrs)
    attrs = [(k, ATTRIBUTES[k].rolled(value, letters.get(k))) for k, value in step.call.attrs]
    operands = [
        (arg.text, arg.precedence) if isinstance(arg, Lettered | Number) else (str(arg), ATOM)
        for arg in step.rolled.args
    ]
    return f"{step.rolled.name} = {write(op, attrs, operands)[0]}"


def bracketed(parts: Sequence[str], layout: str) -> str:
    return f"[{', '.join(reversed(parts) if layout == 'numerator' else parts)}]"


def _target_part(part: Part, around: Part, sizes: Sizes) -> str:
    """A part of an axis within the slice that a loop's index moves along."""
    if part.whole or not around.rolled:
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
    if part.whole or around.whole or around.single:
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
