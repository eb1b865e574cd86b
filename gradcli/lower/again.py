"""Iterations again: where only the members that it names tell one from the next, all are as one.

A loop's variable that stands in families' indices alone says which quantities an iteration is
about, and nothing else of it. So where these have the shapes that they have in an iteration before,
the whole iteration has the same steps, under other names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any, TypeAlias

from gradcli.forms import Member, polynomial
from gradcli.lower.env import Env
from gradcli.lower.limits import MOST_ARRAYS, MOST_STEPS
from gradcli.lower.listing import Use
from gradcli.lower.scope import Family, Ref, elements
from gradcli.program import Step
from gradcli.record import Record
from gradcli.sizes import Form
from gradcli.syntax import ast

Key: TypeAlias = tuple[int, ...]

FEWEST = 2  # iterations before the one that others are like: a sum's first has no addition
MOST_TRIES = 3
LONGEST_INDEX = 250  # characters; of one that is much longer no form is kept


def codes(body: Sequence[Any]) -> tuple[ast.Code, ...] | None:
    """The code of a loop's equations, its left-hand sides too; None where more stands in it."""
    found: list[ast.Code] = []
    for node in body:
        if not isinstance(node, ast.Equation):
            return None
        found.append(node.value)
        (name, begin), members = node.target
        if members is not None:
            inner = [instruction for code in members for instruction in code]
            place = begin[0], max([ast.extent(code)[1] for code in members])
            index = ("index", (ast.AT,) * len(members), place)
            found.append((("name", name, begin), *inner, index))
    return tuple(found)


def chooses(env: Env, body: Sequence[ast.Code], variable: str) -> bool:
    """Whether a loop's variable stands in its body in the indices of families' members alone."""
    return not any([_depends(env, code, variable) for code in body])


def _depends(env: Env, code: ast.Code, variable: str) -> bool:
    stack: list[tuple[bool, str]] = []  # whether the variable is in it; the name that it is
    for operation, argument, place in code:
        items = [stack.pop() for _ in range(ast.arity(operation, argument))]
        inside = any([item[0] for item in items])
        if operation == "name":
            stack.append((argument == variable, argument))
        elif operation == "comprehension":
            return True
        elif not inside or operation in ("binary", "unary"):
            stack.append((inside, ""))
        elif operation == "index" and isinstance(env.scope.find(items[-1][1]), Family):
            if place[1] - place[0] > LONGEST_INDEX:
                return True
            stack.append((False, ""))
        else:
            return True
    return stack[0][0]


class Names:
    """The names of an iteration that have letters in their indices."""

    def __init__(self, env: Env, letter: str) -> None:
        self.env = env
        self.letter = letter
        self.slots: dict[Member, int] = {}
        self.linear: list[tuple[tuple[int, int], ...] | None] = []
        self.texts: list[str] = []

    def slot(self, member: Member) -> int:
        """The number of a name among all."""
        found = self.slots.get(member)
        if found is None:
            found = self.slots[member] = len(self.slots)
            indices = [self._linear(form) for form in member.indices]
            self.linear.append(tuple([i for i in indices if i]) if all(indices) else None)
            self.texts.append(f"{member.family}[{', '.join(['%d'] * len(indices))}]")
        return found

    def at(self, t: int) -> tuple[list[Key], list[str]]:
        """The indices and the names where the letter is t."""
        keys = [tuple([a + b * t for a, b in indices or ()]) for indices in self.linear]
        return keys, [text % key for text, key in zip(self.texts, keys, strict=True)]

    def _linear(self, form: Form) -> tuple[int, int] | None:
        """A form as a number, and how many times the letter; None where it is not of that kind."""
        sizes, frame = self.env.text.sizes, self.env.frame
        around = dict(zip([x.text for x in frame.letters], frame.indices, strict=True))
        around.update({name: int(size.value) for name, size in sizes.dims.items()})
        found = polynomial(form, sizes)
        parts = [0, 0]
        for monomial, coefficient in found.terms if found else ():
            powers = dict(monomial)
            power = powers.pop(self.letter, 0)
            if power not in (0, 1) or not powers.keys() <= around.keys():
                return None
            term = coefficient * prod([around[name] ** powers[name] for name in powers])
            if term.denominator != 1:
                return None
            parts[power] += int(term)
        return (parts[0], parts[1]) if found else None


class Again(Record):
    """An iteration that may stand again.

    names: how many steps it has. uses: the members that it looks up and defines, in order. steps:
    each with the numbers of its name and of those of its operands that have letters. named: the
    names that stand on the left of equations, by their numbers. elements: those of its arrays.
    """

    names: Names
    uses: tuple[tuple[int, Use], ...]
    steps: tuple[tuple[int, tuple[Any, ...], Step], ...]
    named: tuple[tuple[int, ast.Place], ...]
    elements: int

    def stand(self, env: Env, t: int) -> bool:
        """Append the steps of the iteration t; False where it is not like the others."""
        listing = env.listing
        if (
            len(listing.steps) + len(self.steps) > MOST_STEPS
            or listing.elements + self.elements > MOST_ARRAYS * listing.text.max_elements
        ):
            return False
        keys, names = self.names.at(t)
        made = self._made(keys, names)
        if made is None:
            return False
        for (family, key), ref in made.items():
            family.members[key] = ref
        steps = self.written(names)
        listing.steps += steps
        listing.shapes.update([(step.name, step.call.shape) for step in steps])
        listing.named.update([(names[slot], place) for slot, place in self.named])
        listing.elements += self.elements
        return True

    def written(self, names: Sequence[str]) -> list[Step]:
        """The steps under other names."""
        return [
            Step(
                names[slot],
                call,
                tuple([names[arg] if arg.__class__ is int else arg for arg in args]),
                place,
                rolled,
            )
            for slot, args, (_, call, _, place, rolled) in self.steps
        ]

    def _made(
        self, keys: Sequence[Key], names: Sequence[str]
    ) -> dict[tuple[Family, Key], Ref] | None:
        """The members that are defined; None where those that are looked up are not alike."""
        made: dict[tuple[Family, Key], Ref] = {}
        for slot, (family, _, ref, defines) in self.uses:
            at = family, keys[slot]
            found = made.get(at) or family.members.get(keys[slot])
            if defines and found is None:
                made[at] = Ref(names[slot], ref.shape, ref.rolled, ref.below)
            elif (
                defines
                or found is None
                or found.name != names[slot]
                or found.shape != ref.shape
                or found.below is not ref.below
            ):
                return None
        return made


def again(
    env: Env, letter: str, t: int, begin: int, uses: Sequence[Use], *, adds: bool
) -> Again | None:
    """The iteration t, which has just been lowered, as one that may stand again.

    begin: its first step. uses: the members that it has looked up and defined. adds: whether it
    ends with an addition to the step before it. None where a step is more than its form says.
    """
    listing = env.listing
    steps = listing.steps[begin:]
    if not steps:
        return None
    names = Names(env, letter)
    used = tuple([(names.slot(use.name), use) for use in uses])
    patterns = []
    for step in steps:
        if step.rolled is None or not isinstance(step.rolled.name, Member):
            return None
        pairs = zip(step.args, step.rolled.args, strict=True)
        args = [names.slot(form) if isinstance(form, Member) else arg for arg, form in pairs]
        patterns.append((names.slot(step.rolled.name), tuple(args), step))
    if None in names.linear:
        return None
    named = [(k, listing.named[step.name]) for k, _, step in patterns if step.name in listing.named]
    size = sum([elements(step.call.shape) for step in steps])
    found = Again(names, used, tuple(patterns), tuple(named), size)
    _, shown = names.at(t)
    if found.written(shown) != steps or any([shown[k] != use.ref.name for k, use in used]):
        return None
    before = listing.steps[begin - 1].name if adds else None
    return found if _closed(steps, {shown[k] for k, _ in used}, before) else None


def _closed(steps: Sequence[Step], known: set[str], before: str | None) -> bool:
    """Whether an iteration takes no quantity of its loop but its own, `known` and the one before.

    The last step, and no other, adds something to the one before, which has the same shape.
    """
    own = {step.name for step in steps}
    taken = []
    for step in steps:
        assert step.rolled is not None
        for arg, form in zip(step.args, step.rolled.args, strict=True):
            if arg in own and not isinstance(form, Member):
                return False
            if isinstance(form, Member) and arg not in own and arg not in known:
                taken.append((step, arg))
    if before is None:
        return not taken
    last = steps[-1]
    return (
        taken == [(last, before)]
        and last.call.signature.shapes[last.args.index(before)] == last.call.shape
        and last.call.op.counts is None
    )


class Copies:
    """The iterations of a loop that are like one before: made here, not lowered."""

    def __init__(
        self, env: Env, letter: str, body: Sequence[ast.Code] | None, *, adds: bool
    ) -> None:
        self.env = env
        self.letter = letter
        self.adds = adds
        self.body = body if env.dialect.repeats and env.scope.holder().kind == "file" else None
        self.lowered = 0
        self.tries = 0
        self.known: Again | None = None

    def stand(self, t: int) -> bool:
        """Append the iteration t; False where it is to be lowered."""
        if self.known is not None and not self.known.stand(self.env, t):
            self.known = None
        return self.known is not None

    @contextmanager
    def watched(self, t: int) -> Iterator[None]:
        """Look on while the iteration t is lowered."""
        listing = self.env.listing
        self.lowered += 1
        if self.lowered == FEWEST and not chooses(self.env, self.body or (), self.letter):
            self.body = None
        if self.body is None or self.lowered <= FEWEST or self.tries == MOST_TRIES:
            yield
            return
        self.tries += 1
        begin, loops = len(listing.steps), len(listing.recorder.loops)
        around, listing.uses = listing.uses, []
        try:
            yield
        finally:
            uses, listing.uses = listing.uses, around
        if uses is not None and loops == len(listing.recorder.loops):
            self.known = again(self.env, self.letter, t, begin, uses, adds=self.adds)
