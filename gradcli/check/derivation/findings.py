"""What is said of a person's derivation: a verdict on every line, and what it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.errors import Span
from gradcli.proof.verdict import PROVEN, Proof, undecided
from gradcli.record import Record

if TYPE_CHECKING:  # who reads verdicts in Python need not wait for NumPy
    from gradcli.ops.core import Array
    from gradcli.sizes import Shape, Size
    from gradcli.views.cost import Cost

RIGHT, WRONG = "right", "wrong"
INCONCLUSIVE = "inconclusive"  # rounding hides whether it is right
UNCHECKED = "unchecked"  # there is nothing to compare, or nothing to compare it with

# Why something is missing.
LACKING = "lacking"  # a total is stated without it
AHEAD = "not reached"  # the derivation stops before it
NEVER = "never mentioned"


class Rule(Record):
    """The rule that a line should follow: the forward equation, what it gives, and the source.

    at: of a loop's line, in whose letters the rest is: the iteration whose equation has the number.
    """

    eq: int
    equation: str
    formulas: tuple[str, ...]
    source: str
    at: str = ""

    @property
    def stated(self) -> str:
        """The equation with its number."""
        if self.at:
            return f"{self.equation} (equation {self.eq} at {self.at})"
        return f"{self.eq}. {self.equation}"


class Values(Record):
    """What a line gives and what it should, where no cause is known; both as the layout shows
    them.
    """

    found: Array | None
    expected: Array
    shape: Shape


class Credit(Record):
    """A contribution that a line holds, by its equation and operand, and the line's verdict."""

    eq: int
    operand: int
    line: int
    verdict: str
    diagnosis: str | None


NO_PROOF = undecided("nothing to compare it with")


class Verdict(Record):
    """The verdict on one line: "right", "wrong", "inconclusive" or "unchecked".

    line: its number, from 1; `target` is what stands on its left.
    own: whether it defines a name of the person's own, which no derivation of the tool has.
    diagnosis: the class of the mistake, None where the cause is unknown.
    expected: the corrected line; where the cause is unknown, what the tool would write.
    culprit: where the mistake stands in the line; `place` is the whole line.
    hint: how a line is mended that can't be read. add: the lines that are missing.
    proof: what exact evaluation says of it. flops: its operations on numbers, where these are
    asked for, those of all iterations of a loop.
    sizes: of a right line, the sizes at which it is right; not_at: some at which it is not.
    """

    line: int
    target: str
    verdict: str
    place: Span
    own: bool = False
    diagnosis: str | None = None
    expected: str | None = None
    message: str | None = None
    culprit: Span | None = None
    rule: Rule | None = None
    values: Values | None = None
    hint: str | None = None
    add: tuple[str, ...] = ()
    proof: Proof = NO_PROOF
    flops: Size | None = None
    sizes: tuple[dict[str, int], ...] = ()
    not_at: dict[str, int] | None = None

    @property
    def last(self) -> int:
        """The number of the last line of the text that it stands in."""
        statement = self.place.statement()
        end = max(self.place.end, statement.end) if statement else self.place.end
        return self.place.source.place(max(self.place.start, end - 1))[0]


class Missing(Record):
    """A contribution that no line holds, as the tool would write it, and why it is not there."""

    target: str
    eq: int
    assign: str
    formula: str
    reason: str


class Report(Record):
    """The whole finding. `reach` is the deepest equation that a line deals with, of `equations`.

    reread: the layout in which more lines would be right, where there is one.
    credits: what its lines hold; mentioned: the variables whose derivatives it states. cost: of
    all lines, where that is asked for.
    sizes: at which the lines were tried, by the names of the dims; the model's own first.
    """

    model: str
    source: str
    layout: str
    lines: tuple[Verdict, ...]
    missing: tuple[Missing, ...]
    complete: bool
    reach: int | None
    equations: int
    reread: str | None
    credits: tuple[Credit, ...] = ()
    mentioned: frozenset[str] = frozenset()
    cost: Cost | None = None
    sizes: tuple[dict[str, int], ...] = ()

    @property
    def wrong(self) -> list[Verdict]:
        return [line for line in self.lines if line.verdict == WRONG]

    @property
    def proven(self) -> list[Verdict]:
        return [line for line in self.lines if line.proof.verdict == PROVEN]

    @property
    def judged(self) -> bool:
        """Whether any line is known to be right or wrong."""
        return any(line.verdict in (RIGHT, WRONG) for line in self.lines)

    @property
    def failed(self) -> bool:
        """Whether a line is wrong, or what must be complete is not."""
        return bool(self.wrong) or (self.complete and (bool(self.missing) or not self.judged))

    @property
    def inconclusive(self) -> bool:
        """Whether nothing is known to be wrong, and not all of it is known to be right."""
        open_ = any(line.verdict != RIGHT and not line.own for line in self.lines)
        return not self.failed and (open_ or not self.judged)

    @property
    def ok(self) -> bool:
        return not self.failed and not self.inconclusive
