"""Every mistake in the table is met with the message, the place and the hint that stand there."""

from __future__ import annotations

import pytest
from error_cases import Case, annotate, cases, run

ALL = list(cases())


@pytest.mark.parametrize("case", ALL, ids=str)
def test_message(case: Case, tmp_path):
    outcome = run(case, tmp_path)
    assert annotate(case, outcome.errors) == case.annotated
    assert outcome.code == 2
    assert outcome.output == ""


def test_every_case_has_a_name_of_its_own():
    names = [case.name for case in ALL]
    assert len(set(names)) == len(names)
