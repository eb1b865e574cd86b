"""A derivation at other sizes of its model: what holds because N happens to be 4 holds at these
sizes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

from gradcli.check.derivation.expected import Points, evaluate
from gradcli.check.derivation.findings import RIGHT, Report, Verdict
from gradcli.check.elsewhere import one_by_one, own_sizes, together
from gradcli.errors import GradError, GradErrors
from gradcli.ops.core import Array
from gradcli.program import Program
from gradcli.proof.verdict import Proof
from gradcli.record import Record

# The model with some dims changed, and its data. Raises GradError where these sizes do not go.
Resize: TypeAlias = Callable[[Mapping[str, int]], tuple[Program, Mapping[str, Array]]]


FEW = 10**9  # asks for as few points as there may be


class Elsewhere:
    """A model at other sizes: its data, and the truth, by exact values alone and by numbers too."""

    def __init__(self, program: Program, data: Mapping[str, Array], seed: int) -> None:
        self.data = data
        self.seed = seed
        self.points = evaluate(program, data, seed, exactly=True)

    @cached_property
    def numbers(self) -> Points:
        return evaluate(self.points.program, self.data, self.seed, FEW)


class Sizes:
    """A model's other sizes; what has been evaluated at some serves all derivations."""

    def __init__(self, resize: Resize, seed: int) -> None:
        self.resize = resize
        self.seed = seed
        self.known: dict[tuple[tuple[str, int], ...], Elsewhere | Exception] = {}

    def at(self, dims: Mapping[str, int]) -> Elsewhere:
        """The model with some dims changed. Raises GradError or GradErrors."""
        key = tuple(dims.items())
        if key not in self.known:
            try:
                self.known[key] = Elsewhere(*self.resize(dims), self.seed)
            except (GradError, GradErrors) as error:
                self.known[key] = error
        found = self.known[key]
        if isinstance(found, Exception):
            raise found
        return found


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
    others: Sizes,
    judged: Callable[[Elsewhere], Mapping[int, Tried]],
) -> Report:
    """A report in which each right line says at which sizes it is right.

    judged: what the lines are there, by where each begins.
    """
    own = own_sizes(program)
    tries: list[tuple[dict[str, int], Mapping[int, Tried]]] = []
    right = [line for line in report.lines if line.verdict == RIGHT]
    lacking = {_variable(item.target) for item in report.missing}
    found = together(program, others.at) if right else None
    if found is not None:
        sizes, there = found
        tries.append((sizes, judged(there)))
        fails = any(_fails(line, tries[0][1], lacking) for line in right)
        changed = [name for name in own if sizes[name] != own[name]]
        if fails and len(changed) > 1:
            apart = one_by_one(program, others.at, changed)
            tries += [(other, judged(there)) for other, there in apart]
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
