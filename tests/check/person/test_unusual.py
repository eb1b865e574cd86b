"""What is right must be called right, whatever its form."""

from __future__ import annotations

import pytest
from person_support import review
from unusual import CORRECT, Correct


@pytest.mark.parametrize("case", CORRECT, ids=lambda case: case.name)
def test_unusual_forms_are_right(case: Correct) -> None:
    report = review(case.model, case.text)
    assert [(line.line, line.message) for line in report.wrong] == []
    assert all(line.verdict == "right" for line in report.lines if not line.own)
