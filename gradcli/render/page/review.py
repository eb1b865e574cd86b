"""Verdicts as a page: a person's own lines, each with its verdict, the corrected one on demand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from gradcli.check.derivation.findings import RIGHT, WRONG, Report, Verdict
from gradcli.check.gradients.result import Report as Gradients
from gradcli.errors import Span
from gradcli.foreign import visible
from gradcli.render import report as listings
from gradcli.render.hints import HINTS, Detail, hints
from gradcli.render.html import fragment
from gradcli.render.page.document import page, text
from gradcli.render.styled import plain
from gradcli.render.verdicts import DIGITS, instead, summary, values, why

MOST = 2000  # lines on a page; of a longer file those without a verdict or with a right one go
LONGEST = 2000  # characters of a line


def lines(
    report: Report,
    detail: Detail = Detail.full,
    precision: int | None = None,
    level: int | None = None,
) -> Iterator[str]:
    """The page of a person's derivation, with as much of each verdict as is to be told."""
    return page(report.source, _body(report, detail, precision or DIGITS, level), script=False)


def gradients(reports: Sequence[Gradients], precision: int | None) -> Iterator[str]:
    """The page of the verdicts on models' gradients."""
    title = ", ".join(report.source for report in reports[:3]) + " …" * (len(reports) > 3)
    return page(title, _tables(title, reports, precision), script=False)


def _tables(title: str, reports: Sequence[Gradients], precision: int | None) -> Iterator[str]:
    yield f'<header><h1>{text(title)}</h1></header>\n<main>\n<section class="whole tables">\n'
    yield from fragment(listings.sections(reports, precision))
    yield "</section>\n</main>\n"


def _body(report: Report, detail: Detail, digits: int, level: int | None) -> Iterator[str]:
    said = plain(summary(report, detail, level))
    yield f"<header>\n<h1>{text(report.source)}</h1>\n"
    yield f"<p>against {text(report.model)}, {report.layout} layout</p>\n</header>\n<main>\n"
    yield '<section class="whole"><h2>Verdicts</h2>\n'
    yield from (f"<p>{escape(visible(line[:-1]))}</p>\n" for line in said)
    yield '</section>\n<section class="whole"><h2 id="listed">Line by line</h2>\n'
    yield '<div class="lines" tabindex="0" role="region" aria-labelledby="listed">'
    yield '<ol class="list">\n'
    yield from _listed(report, detail, digits, level)
    yield "</ol></div>\n</section>\n</main>\n"


def _listed(report: Report, detail: Detail, digits: int, level: int | None) -> Iterator[str]:
    """The file's lines, the verdicts at their places; of a long file what is not right alone."""
    found: dict[int, list[Verdict]] = {}
    for line in report.lines:
        found.setdefault(line.line, []).append(line)
    whole = report.lines[0].place.source.text if report.lines else ""
    written = whole.rstrip("\n").split("\n")[1:]
    left = 0
    for number, source in enumerate(written, 1):
        verdicts = found.get(number, [])
        if len(written) > MOST and all(verdict.verdict == RIGHT for verdict in verdicts):
            left += 1
            continue
        yield _line(number, source, verdicts, _Told(detail, digits, level))
    if left:
        yield f'<li class="note">{left:,} lines that are right, or no steps, are left out</li>\n'


class _Told:
    """How much is told of a verdict."""

    def __init__(self, detail: Detail, digits: int, level: int | None) -> None:
        self.detail, self.digits, self.level = detail, digits, level
        self.full = detail is Detail.full and level is None

    def of(self, line: Verdict) -> Iterator[str]:
        """What is said below a line."""
        kind = line.verdict
        if line.verdict == WRONG and self.full:
            kind += f" ({line.diagnosis})"
        proof = " · proven" if line.verdict == RIGHT and line.proof.bound is not None else ""
        yield f'<p class="verdict">{escape(kind)}{proof}</p>'
        if line.verdict == RIGHT or self.detail is Detail.quiet:
            return
        if self.level is not None:
            yield from (_said(told) for told in hints(line, self.level))
        elif line.verdict == WRONG and not self.full:
            yield _said(HINTS[line.diagnosis or "unknown"])
        else:
            yield _said(line.message or "")
            yield _said(f"hint: {line.hint}") if line.hint else ""
            yield from self._more(line)

    def _more(self, line: Verdict) -> Iterator[str]:
        """What stands behind a click: the corrected line, the rule, the values."""
        label, formulas = instead(line)
        rows = [f"{label}: {formula}" for formula in formulas]
        rows += [*why(line), *values(line, self.digits)]
        if rows:
            name = {"corrected": "the corrected line", "expected": "what is expected"}
            inner = "\n".join(escape(visible(row)) for row in rows)
            yield (
                f"<details><summary>{name.get(label, 'what is missing')}</summary>"
                f"<pre>{inner}</pre></details>"
            )


def _said(words: str) -> str:
    return f"<p>{escape(visible(words))}</p>" if words else ""


def _line(number: int, source: str, verdicts: Iterable[Verdict], told: _Told) -> str:
    verdicts = list(verdicts)
    worst = next((v.verdict for v in verdicts if v.verdict != RIGHT), None)
    kind = worst or (RIGHT if verdicts else "none")
    wrong = [v.culprit or v.place for v in verdicts if v.verdict == WRONG and told.full]
    culprit = next((span for span in wrong if span.begin()[0] == number), None)
    shown = _marked(source, culprit) if culprit else text(_cut(source))
    said = "".join(part for verdict in verdicts for part in told.of(verdict))
    return (
        f'<li class="line {kind}" id="line{number}"><pre><span class="n">{number}</span> '
        f"{shown}</pre>{said}</li>\n"
    )


def _cut(source: str) -> str:
    return source if len(source) <= LONGEST else source[:LONGEST] + "…"


def _marked(source: str, culprit: Span) -> str:
    """A line with the caret under what is wrong in it, as far as that stands on the line."""
    first = culprit.begin()[1] - 1
    last = min(first + max(1, culprit.end - culprit.start), len(source), LONGEST)
    before, wrong, behind = source[:first], source[first:last], source[last:]
    caret = " " * (len(visible(before)) + 1) + "^" * max(1, len(visible(wrong)))
    return (
        f"{text(before)}<mark>{text(wrong)}</mark>{text(_cut(behind))}\n"
        f'<span class="n" aria-hidden="true"></span><span class="caret" aria-hidden="true">{caret}'
        "</span>"
    )
