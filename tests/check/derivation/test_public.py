"""Mistakes made in public: the line is found, the cause named, and the correction mends."""

from __future__ import annotations

from textwrap import dedent

import pytest
from person_support import review
from public_mistakes import MISTAKES, Mistake

from gradcli.check.derivation import findings


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.source)
def test_a_mistake_that_was_made_in_public(mistake: Mistake) -> None:
    lines = dedent(mistake.text).strip("\n").split("\n")
    here = next(number for number, line in enumerate(lines, 1) if line.endswith("# here"))
    report = review(mistake.model, "\n".join(lines))
    assert [line.line for line in report.wrong] == [here]
    (wrong,) = report.wrong
    assert wrong.diagnosis in mistake.kinds.split(), (wrong.diagnosis, wrong.message)
    assert wrong.expected is not None
    others = [line.verdict for line in report.lines if line.line != here]
    assert set(others) <= {findings.RIGHT, findings.UNCHECKED}


def test_there_are_enough_of_them_and_each_has_a_source() -> None:
    assert len(MISTAKES) >= 100
    assert len({(mistake.source, mistake.text) for mistake in MISTAKES}) == len(MISTAKES)
    assert all(len(mistake.source) > 20 for mistake in MISTAKES)
    assert sum("github.com/" in mistake.source for mistake in MISTAKES) >= 30
