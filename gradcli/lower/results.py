"""What is differentiated: the loss, and the derivatives that are given."""

from __future__ import annotations

from gradcli.errors import GradError, Note
from gradcli.forms import Member
from gradcli.lower.distributions import fitted
from gradcli.lower.draft import Draft
from gradcli.lower.env import Env
from gradcli.lower.equations import define
from gradcli.lower.expressions import number
from gradcli.lower.inputs import declared_value
from gradcli.lower.members import member
from gradcli.lower.names import lookup
from gradcli.lower.numbers import put
from gradcli.lower.scope import Family, Ref
from gradcli.program import Drawn, Input
from gradcli.sizes import Form, is_scalar, numbers, of_size, same, spell
from gradcli.syntax import ast

MOST_NAMED = 8  # derivatives in a note


def loss(draft: Draft, node: ast.Loss) -> None:
    """`loss L`, or `loss L = …`. Raises GradError for a second one."""
    env, target = draft.env, node.target
    place = target.name.place
    if draft.loss is not None:
        line = env.text.line(draft.loss[1])
        raise env.error(
            f"a second loss; line {line} has the first",
            place,
            "add them up: loss L = L1 + L2",
            kind="defined-twice",
        )
    if node.value is not None:
        draft.loss = define(env, target, node.value, total=True).name, place
    else:
        draft.loss = _existing(draft, target).name, place


def _existing(draft: Draft, target: ast.Target) -> Ref:
    """What `loss L` names. Raises GradError for what is no single computed quantity."""
    env, (name, place) = draft.env, target.name
    found = named(draft, target)
    if target.members is None and isinstance(env.scope.find(name), Family):
        raise env.error(
            f"a loss is a scalar, but {name} is a family",
            place,
            f"loss L = sum({name}[t] for t in …)",
            kind="bad-loss",
        )
    if found[0].name in draft.inputs:
        raise env.error(f"a loss is computed, but {name} is declared", place, kind="bad-loss")
    return found[0]


def check_loss(draft: Draft) -> GradError | None:
    """The error of a loss that is no scalar."""
    if draft.loss is None:
        return None
    name, place = draft.loss
    shape, scalar = draft.env.listing.shapes[name], draft.env.text.sizes.scalar
    if len(shape) == len(scalar) and all(map(same, shape, scalar)):
        return None
    return draft.env.error(
        f"a loss is a scalar, but {name} is {spell(shape)}",
        place,
        f"sum it, or write `given dL/d{name}`",
        kind="bad-loss",
    )


def named(draft: Draft, target: ast.Target) -> list[Ref]:
    """The quantities that a target names: one, a member, or all members of a family."""
    env, (name, place) = draft.env, target.name
    found = lookup(env, name, place)
    if target.members is None:
        if isinstance(found, Family):
            return list(found.members.values())
    elif not isinstance(found, Family):
        raise env.error(
            f"{name} is not a family",
            place,
            f"the whole is dL/d{name}; its entries are given by a value behind `=`",
            kind="no-quantity",
        )
    else:
        bounds = [number(env, code, "an index") for code in target.members]
        found = member(env, found, (ast.AT,) * len(bounds), list(bounds), place)
    if not isinstance(found, Ref):
        raise env.error(f"{name} is a number and has no derivative", place, kind="no-quantity")
    return [found]


# ── what arrives from above ──


def given(draft: Draft) -> dict[str, Input]:
    """The derivatives that are given, by name. Their errors are added to the draft's."""
    found: dict[str, Input] = {}
    for item in draft.given:
        try:
            _resolve(draft, item, found)
        except GradError as error:
            draft.errors.append(error)
    return found


def _resolve(draft: Draft, item: ast.GivenItem, found: dict[str, Input]) -> None:
    env, place = draft.env, item.target.name.place
    value, natural = declared_value(draft, item.value)
    for ref in named(draft, item.target):
        if ref.name in draft.inputs:
            raise env.error(
                f"{ref.name} is not computed, so no derivative arrives for it",
                place,
                kind="bad-given",
            )
        if ref.name in found:
            raise env.error(f"dL/d{ref.name} is given twice", place, kind="defined-twice")
        if natural is not None and numbers(natural) != numbers(ref.shape):
            raise env.error(
                f"dL/d{ref.name} is given in {ref.name}'s own shape, "
                f"{'×'.join(map(str, numbers(ref.shape)))}, "
                f"but its value is {'×'.join(map(str, numbers(natural)))}",
                place,
                kind="bad-given",
            )
        if isinstance(value, Drawn):
            value = fitted(env, value, ref.shape, item.value)
        rolled = ref.rolled if item.target.members is not None else None
        found[ref.name] = Input(ref.name, "given", ref.shape, value, place, rolled=rolled)


def unstated(draft: Draft) -> tuple[dict[str, Input], Note]:
    """What is differentiated where a file has neither `loss` nor `given`, and the note on that.

    A single unused result that is a scalar is the loss; otherwise every unused result is given.
    """
    listing = draft.env.listing
    used = {arg for step in listing.steps for arg in step.args}
    unused = [name for name in listing.named if name not in used]
    if len(unused) == 1 and is_scalar(listing.shapes[unused[0]]):
        draft.loss = unused[0], listing.named[unused[0]]
        return {}, Note(f"{unused[0]} is taken as the loss: nothing else is unused")
    names = [f"dL/d{name}" for name in unused[:MOST_NAMED]] + ["…"] * (len(unused) > MOST_NAMED)
    found = {
        name: Input(
            name, "given", listing.shapes[name], None, listing.named[name],
            rolled=_from_outside(draft.env, name),
        )
        for name in unused
    }  # fmt: skip
    note = f"no loss and no given: {', '.join(names)} taken as given, with drawn values"
    return found, Note(note)


def _from_outside(env: Env, name: str) -> Member | None:
    """The form of a loop's step behind its loops: of the last iteration, say, the range's end."""
    listing, sizes = env.listing, env.text.sizes
    at, step = next((i, step) for i, step in enumerate(listing.steps) if step.name == name)
    form = step.rolled.name if step.rolled else None
    if not isinstance(form, Member):
        return None
    for loop in listing.recorder.loops:
        which = [k for k, (begin, end) in enumerate(loop.iterations) if begin <= at < end]
        for k in which:
            first, last = loop.bounds
            by: Form = of_size(sizes.constant(loop.first + k))
            by = last.form if k == len(loop.iterations) - 1 else by if k else first.form
            letter = sizes.lettered(loop.variable)
            form = Member(form.family, tuple([put(sizes, i, letter, by) for i in form.indices]))
    return form
