"""The compact form of every example is a derivation that `check --against` accepts, whole."""

from __future__ import annotations

import pytest
from support import EXAMPLES

import gradcli
from gradcli.api import Review

NAMES = sorted(path.stem for path in EXAMPLES.glob("*.eq"))


@pytest.mark.parametrize("layout", ["numerator", "denominator"])
@pytest.mark.parametrize("name", NAMES)
def test_check_accepts_the_compact_form(name: str, layout: str) -> None:
    model = gradcli.load(EXAMPLES / f"{name}.eq")
    found = model.derive(compact=True, layout=layout)  # type: ignore[arg-type]
    review = model.against(found.to_grad(), complete=True)
    assert isinstance(review, Review)
    assert review.verdict == "pass", f"{found.to_grad()}\n{review}"
    assert len(found.steps) <= len(model.derive().steps)
