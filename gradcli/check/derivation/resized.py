"""Other sizes of a model, at which a derivation is tried too: what holds because N happens to be 4
holds at these sizes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain, count
from typing import TypeAlias

from gradcli.check.derivation.expected import Points, evaluate
from gradcli.check.derivation.findings import RIGHT, Report, Verdict
from gradcli.errors import GradError, GradErrors
from gradcli.ops.core import Array
from gradcli.program import Program
from gradcli.proof.verdict import Proof
from gradcli.record import Record

# The model with some dims changed, and its data. Raises GradError where these sizes do not go.
Resize: TypeAlias = Callable[[Mapping[str, int]], tuple[Program, Mapping[str, Array]]]

MOST_DIMS = 6  # dims that are changed one by one
LONG = 6  # a loop's length from which on a shorter one is tried
STEPS = 2000  # of a model; a longer one is not tried at other sizes


class Elsewhere(Record):
    """A model at other sizes: what its free dims are there, its data, and the truth, exactly."""

    sizes: dict[str, int]
    data: Mapping[str, Array]
    points: Points


class Tried(Record):
    """What a line is at other sizes: right or not, None where that is not told; and its proof.

    lacks: whether it is the last one of a total that lacks contributions there.
    """

    right: bool | None
    proof: Proof
    lacks: bool


def at_sizes(
    report: Report,
    program: Program,
    resize: Resize,
    seed: int,
    judged: Callable[[Elsewhere], Mapping[int, Tried]],
) -> Report:
    """A report in which each right line says at which sizes it is right.

    judged: what the lines are there, by where each begins.
    """
    own = own_sizes(program)
    tries: list[tuple[dict[str, int], Mapping[int, Tried]]] = []
    right = [line for line in report.lines if line.verdict == RIGHT]
    lacking = {_variable(item.target) for item in report.missing}
    there = together(program, resize, seed) if right else None
    if there is not None:
        tries.append((there.sizes, judged(there)))
        fails = any(_fails(line, tries[0][1], lacking) for line in right)
        changed = [name for name in own if there.sizes[name] != own[name]]
        if fails and len(changed) > 1:
            others = one_by_one(program, resize, seed, changed)
            tries += [(other.sizes, judged(other)) for other in others]
    lines = [
        _told(line, own, tries, lacking) if line.verdict == RIGHT else line for line in report.lines
    ]
    return report._replace(lines=tuple(lines), sizes=(own, *[sizes for sizes, _ in tries]))


def _fails(line: Verdict, held: Mapping[int, Tried], lacking: Collection[str]) -> bool:
    """Whether a line is wrong at other sizes, or leaves out what lacks there alone."""
    found = held.get(line.place.start)
    if found is None:
        return False
    return found.right is False or (found.lacks and _variable(line.target) not in lacking)


def _variable(target: str) -> str:
    return target.partition("[")[0]


def _told(
    line: Verdict,
    own: dict[str, int],
    tries: Sequence[tuple[dict[str, int], Mapping[int, Tried]]],
    lacking: Collection[str],
) -> Verdict:
    """A right line with the sizes at which it is right, and the nearest at which it is not."""
    sizes, wrong = [own], []
    for tried, held in tries:
        found = held.get(line.place.start)
        if _fails(line, held, lacking):
            wrong.append(tried)
        elif found is not None and found.right and found.proof.verdict == line.proof.verdict:
            sizes.append(tried)
    wrong.sort(key=lambda tried: sum(own[name] != n for name, n in tried.items()))
    return line._replace(sizes=tuple(sizes), not_at=wrong[0] if wrong else None)


def own_sizes(program: Program) -> dict[str, int]:
    """What a model's dims are, those left out that are made of others."""
    return {
        name: int(size.value)
        for name, size in program.sizes.dims.items()
        if size.terms == ((((name, 1),), Fraction(1)),)
    }


def together(program: Program, resize: Resize, seed: int) -> Elsewhere | None:
    """A model with all of its free dims changed, or as many as go together."""
    own = own_sizes(program)
    if not own or len(program.steps) > STEPS:
        return None
    for changed in (_next(program, own), {name: 2 * n for name, n in own.items()}):
        found = _at(changed, resize, seed)
        if found is not None:
            return found
    free: dict[str, int] = {}
    for name, n in list(_next(program, own).items())[:MOST_DIMS]:
        if _goes(free | {name: n}, resize):
            free[name] = n
    return _at(free, resize, seed) if free else None


def one_by_one(
    program: Program, resize: Resize, seed: int, among: Sequence[str]
) -> Iterator[Elsewhere]:
    """A model with one free dim changed after the other."""
    changed = _next(program, own_sizes(program))
    for name in among[:MOST_DIMS]:
        found = _at({name: changed[name]}, resize, seed)
        if found is not None:
            yield found


def _next(program: Program, own: Mapping[str, int]) -> dict[str, int]:
    """Other sizes, small and each another one; a loop is a little longer."""
    bounds = [bound.size for loop in program.loops for bound in loop.bounds if bound.size]
    looped = {name for size in bounds for monomial, _ in size.terms for name, _ in monomial}
    found: dict[str, int] = {}
    for name, n in own.items():
        longer = (n + 1,) if name in looped and n < LONG else ()
        taken = {n, *found.values()}
        found[name] = next(k for k in chain(longer, (3, 2), count(4)) if k not in taken)
    return found


def _goes(changed: Mapping[str, int], resize: Resize) -> bool:
    try:
        resize(changed)
    except (GradError, GradErrors):
        return False
    return True


def _at(changed: dict[str, int], resize: Resize, seed: int) -> Elsewhere | None:
    try:
        program, data = resize(changed)
        points = evaluate(program, data, seed, exactly=True)
        return Elsewhere(own_sizes(program), data, points)
    except (GradError, GradErrors):
        return None
