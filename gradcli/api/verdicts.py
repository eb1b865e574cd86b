"""Verdicts on gradients and on a person's own derivation, as Python and a notebook use them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from gradcli.api.derivation import Derivation
from gradcli.check.derivation.findings import Missing
from gradcli.check.derivation.findings import Verdict as Line
from gradcli.record import Record

if TYPE_CHECKING:
    from gradcli.check.derivation import findings as person
    from gradcli.check.gradients import result as engine
    from gradcli.views.cost import Cost

Proven: TypeAlias = Literal["proven", "refuted", "undecided"]
Verdict: TypeAlias = Literal["pass", "fail", "inconclusive"]
Told: TypeAlias = Literal["full", "hint", "quiet"]


class Result(Record):
    """The verdict on one derivative.

    shape: in the layout of the check. reason, message: the verdict's, as a word and in words;
    remark: what all wrong entries have in common; diagnosis: the mistake's name. entries, checked:
    how many there are, and how many were compared. error_bar: how far off a right one may be.
    """

    name: str
    role: str
    shape: tuple[int, ...]
    verdict: Verdict
    reason: str
    message: str
    remark: str
    entries: int
    checked: int
    max_abs_error: float
    max_rel_error: float
    error_bar: float
    diagnosis: str
    proof: Proven | None = None


class Check:
    """The verdicts on a model's gradients, or on those of another program.

    It is true where all pass: `assert model.check()`.
    """

    def __init__(self, report: engine.Report, derivation: Derivation) -> None:
        self.report = report  # what the renderers take
        self.derivation = derivation

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        count = len(self.gradients)
        return f"<Check of {self.name}: {self.verdict}, {count} gradient{'s' * (count != 1)}>"

    @property
    def name(self) -> str:
        """The model's: a path, or what its text was called."""
        return self.report.source

    @property
    def verdict(self) -> Verdict:
        """`fail` where anything fails, else `inconclusive` where anything is."""
        return _verdict(self.report.verdict)

    @property
    def ok(self) -> bool:
        """Whether all pass."""
        return self.verdict == "pass"

    @property
    def notes(self) -> tuple[str, ...]:
        """What the report says besides."""
        return self.report.notes

    @cached_property
    def gradients(self) -> Mapping[str, Result]:
        """The verdict on each gradient."""
        return self._results(self.report.results)

    @cached_property
    def steps(self) -> Mapping[str, Result]:
        """The verdict on each intermediate derivative, where `steps` asked for them."""
        return self._results(self.report.steps)

    def _results(self, found: Iterable[engine.Result]) -> dict[str, Result]:
        return {each.name: self._result(each) for each in found}

    def _result(self, found: engine.Result) -> Result:
        from gradcli.render.arrays import show_shape
        from gradcli.transform.reverse import displayed

        return Result(
            found.name,
            found.role,
            tuple(show_shape(displayed(found.shape, self.report.layout))),
            _verdict(found.verdict),
            found.reason,
            found.message,
            found.remark,
            found.entries,
            found.checked,
            found.max_abs_error,
            found.max_rel_error,
            found.error_bar,
            found.diagnosis,
            cast("Proven", found.proof.verdict) if found.proof else None,
        )

    def to_json(self, *, precision: int | None = None) -> str:
        """The document of `gradcli check --json`. precision: significant digits."""
        from gradcli.render.report import document

        return "".join(document([self.report], precision))

    def __str__(self) -> str:
        from gradcli.render.layout import write_plain

        out = StringIO()
        write_plain(self._sections(), out)
        return out.getvalue()

    def _repr_html_(self) -> str:
        from gradcli.render.html import fragment

        return "".join(fragment(self._sections()))

    def _sections(self) -> Iterable[Any]:
        from gradcli.render.report import sections

        return sections([self.report], None)


class Review:
    """The verdicts on a person's own derivation, line by line.

    It is true where nothing in it is wrong or left unchecked.
    """

    def __init__(self, report: person.Report, notes: Iterable[object] = ()) -> None:
        self.report = report  # what the renderers take
        self.notes = tuple(map(str, notes))  # on the model

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        return f"<Review of {self.name}: {self.verdict}, {len(self.report.wrong)} wrong>"

    @property
    def name(self) -> str:
        """The derivation's: a path, or what its text was called."""
        return self.report.source

    @property
    def verdict(self) -> Verdict:
        """`fail` where a line is wrong, or where all was to be there and is not."""
        if self.report.inconclusive:
            return "inconclusive"
        return "pass" if self.report.ok else "fail"

    @property
    def ok(self) -> bool:
        """Whether the verdict is `pass`."""
        return self.verdict == "pass"

    @property
    def lines(self) -> tuple[Line, ...]:
        """The verdict on each line."""
        return self.report.lines

    @property
    def missing(self) -> tuple[Missing, ...]:
        """What no line holds."""
        return self.report.missing

    @property
    def cost(self) -> Cost | None:
        """What the derivation costs, where that was asked for: `cost.flops` and `cost.bytes`,
        sizes as polynomials over the dims, with their `value` and `text`.
        """
        return self.report.cost

    def to_json(self, *, precision: int | None = None, told: Told = "full") -> str:
        """The document of `gradcli check --against mine.grad --json`.

        told: of each mistake all, its class alone ("hint"), or that it is one ("quiet").
        """
        from gradcli.render.hints import Detail
        from gradcli.render.judged import document

        return "".join(document(self.report, Detail(told), precision))

    def to_text(self, *, precision: int | None = None, told: Told = "full") -> str:
        """What the command prints; `print` writes it with all that is told."""
        from gradcli.render.hints import Detail
        from gradcli.render.verdicts import text

        return "".join(text(self.report, Detail(told), precision))

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        from gradcli.render.html import preformatted

        return preformatted(str(self))


def _verdict(word: str) -> Verdict:
    return "pass" if word == "pass" else "fail" if word == "fail" else "inconclusive"
