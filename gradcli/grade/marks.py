"""Submissions marked one after the other, each with its points; one that can't be read or takes too
long costs its own mark and no other.
"""

from __future__ import annotations

import gc
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gradcli.check.derivation.expected import Points, evaluate
from gradcli.check.derivation.findings import RIGHT, WRONG, Credit, Report, Verdict
from gradcli.check.derivation.resized import Resize, Sizes
from gradcli.check.derivation.review import check
from gradcli.errors import GradError, GradErrors
from gradcli.grade.bounds import OutOfTime, bounded
from gradcli.grade.rubric import Rubric
from gradcli.ops.core import Array
from gradcli.program import Program
from gradcli.session import parse_file
from gradcli.transform.reverse import Derivation, derive, resolve_wrt

SUFFIX = ".grad"
USUAL = 200  # operations of a derivation, for which the points are drawn that all are marked at
EFFORT = 16_000  # changed lines computed for one submission, about
COLLECTED = 16  # submissions between two collections
MISSING = "missing"
SKIPPED = "skipped"


class Asked(NamedTuple):
    """How to mark. seed_per_file: whether each file is marked at values of its own."""

    seed: int = 0
    seed_per_file: bool = False
    wrt: Sequence[str] = ()
    layout: str | None = None
    max_elements: int = 10**8
    seconds: float = 20.0
    megabytes: int = 4096


class Item(NamedTuple):
    """One line of the model's listing, and what a submission has for it.

    state: "right", "wrong", "missing", or "skipped" where a right line further on has it in it.
    line, diagnosis: of the line that holds it.
    """

    target: str
    formula: str
    points: float
    max_points: float
    state: str
    line: int | None = None
    diagnosis: str | None = None


class Mark(NamedTuple):
    """What one submission gets. error: why it could not be judged, in one line."""

    file: str
    points: float
    max_points: float
    items: tuple[Item, ...]
    report: Report | None
    error: str | None

    @property
    def lines(self) -> tuple[Verdict, ...]:
        return self.report.lines if self.report else ()

    def count(self, verdict: str) -> int:
        return sum(line.verdict == verdict for line in self.lines)

    @property
    def first_wrong(self) -> Verdict | None:
        return next((line for line in self.lines if line.verdict == WRONG), None)


def submissions(paths: Sequence[str]) -> list[str]:
    """The files that some paths name; of a folder every derivation in it or below. Raises
    GradError.
    """
    found: list[str] = []
    for path in paths:
        folder = Path(path)
        if path != "-" and folder.is_dir():
            inside = sorted(
                str(file)
                for file in folder.rglob(f"*{SUFFIX}")
                if not any(part.startswith(".") for part in file.relative_to(folder).parts)
            )
            if not inside:
                raise GradError(
                    f"{path}: there is no {SUFFIX} file in this folder", kind="empty-file"
                )
            found += inside
        else:
            found.append(path)
    return list(dict.fromkeys(found))


class Marker:
    """Marks submissions on one model, whose truth is computed once."""

    def __init__(
        self,
        program: Program,
        data: Mapping[str, Array],
        rubric: Rubric,
        asked: Asked,
        resize: Resize | None = None,
    ) -> None:
        self.program = program
        self.data = data
        self.rubric = rubric
        self.asked = asked
        self.listing: Derivation = derive(
            program, resolve_wrt(program, asked.wrt), layout=asked.layout or program.layout
        )
        self.known: dict[int, Points] = {}
        self.others = Sizes(resize, asked.seed) if resize else None
        self.points(asked.seed)  # the model's own errors are told before any submission is read

    def points(self, seed: int) -> Points:
        """The truth at the points drawn from a seed; the last one drawn is kept."""
        if seed not in self.known:
            self.known.clear()
            self.known[seed] = evaluate(self.program, self.data, seed, USUAL)
        return self.known[seed]

    def all(self, files: Sequence[str], progress: Callable[[int, int], None]) -> Iterator[Mark]:
        """Every submission's mark, in order."""
        for done, file in enumerate(files):
            progress(done, len(files))
            yield self.mark(file)
            if done % COLLECTED == 0:
                gc.collect()  # the command's own collector is turned off

    def nothing(self, file: str, error: str) -> Mark:
        """The mark of what is no submission."""
        items = tuple(self._items(None))
        return Mark(file, 0.0, round(sum(item.max_points for item in items), 6), items, None, error)

    def mark(self, file: str) -> Mark:
        """One submission's mark."""
        report, error = None, None
        try:
            with bounded(self.asked.seconds, self.asked.megabytes):
                report = self._report(file)
        except GradErrors as errors:
            error = str(errors.errors[0]).split("\n")[0]
        except GradError as wrong:
            error = str(wrong).split("\n")[0]
        except OutOfTime:
            error = f"it takes longer than {self.asked.seconds:g} seconds"
        except MemoryError:
            error = f"it takes more than {self.asked.megabytes} MB of memory"
        except RecursionError:
            error = "it is nested too deep"
        except Exception as defect:  # noqa: BLE001  # one submission's mark must stop no other
            error = f"gradcli itself failed ({type(defect).__name__})"
        items = tuple(self._items(report))
        total = sum(item.points for item in items)
        if report is not None:
            holding = {credit.line for credit in report.credits}
            lost = sum(v.verdict == WRONG and v.line not in holding for v in report.lines)
            total = max(0.0, total - lost * self.rubric.extra)
        most = sum(item.max_points for item in items)
        return Mark(file, round(total, 6), round(most, 6), items, report, error)

    def _report(self, file: str) -> Report:
        seed = self.asked.seed
        if self.asked.seed_per_file:
            name = Path(file).name.encode("utf-8", "surrogateescape")
            seed = zlib.crc32(name, seed & 0xFFFFFFFF)
        parsed = parse_file(file, "derivation", self.program.loss)
        return check(
            parsed,
            self.program,
            self.data,
            wrt=self.asked.wrt,
            layout=self.asked.layout,
            max_elements=self.asked.max_elements,
            points=self.points(seed),
            others=self.others,
            effort=EFFORT,
        )

    # ── points ──

    def _items(self, report: Report | None) -> Iterator[Item]:
        """What a submission gets for each line of the listing, from the first to the last."""
        listing, steps = self.listing, self.program.steps
        best = _best(report.credits if report else ())
        mentioned = report.mentioned if report else frozenset()
        number = {step.name: eq for eq, step in enumerate(steps, 1)}
        vouched: set[int] = set()  # the equations whose derivative a right line has in it
        found: list[Item] = []
        for row in reversed(listing.contributions):
            target = listing.left(row)
            worth = self.rubric.worth(target)
            credit = best.get((row.eq, row.operand))
            eq = number.get(row.target)
            state, points, line, diagnosis = MISSING, 0.0, None, None
            if credit is not None:
                state, line, diagnosis = credit.verdict, credit.line, credit.diagnosis
                kept = self.rubric.kept(diagnosis) if state == WRONG else float(state == RIGHT)
                points = worth * kept
            elif row.target not in mentioned and eq in vouched:
                state, points = SKIPPED, worth
            if state in (RIGHT, SKIPPED):
                vouched.add(row.eq)
            formula = f"{row.assign} {listing.formula(row)}"
            found.append(Item(target, formula, points, worth, state, line, diagnosis))
        return iter(found[::-1])


def _best(held: Sequence[Credit]) -> dict[tuple[int, int], Credit]:
    """What is best of all that a derivation has for each contribution."""
    found: dict[tuple[int, int], Credit] = {}
    for credit in held:
        key = credit.eq, credit.operand
        if key not in found or (found[key].verdict != RIGHT and credit.verdict == RIGHT):
            found[key] = credit
    return found
