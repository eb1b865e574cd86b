"""The compact form beside the published one: no more operations and no more lines.

Each model of `published/` has its published form beside it, a derivation file which `check` counts
as it counts any other, and in `found/` what was found, which a person has read. `pytest tests/compact
--update-golden` writes that anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import gradcli
from gradcli.api import Review

FOLDER = Path(__file__).parent / "published"
FOUND = Path(__file__).parent / "found"
NAMES = sorted(path.stem for path in FOLDER.glob("*.eq"))


def reviewed(model: gradcli.Model, derivation: Path | str) -> Review:
    found = model.against(derivation, complete=True, cost=True)
    assert isinstance(found, Review)
    assert found.verdict == "pass", f"{derivation}\n{found}"
    return found


def operations(found: Review) -> int:
    assert found.cost is not None
    return int(found.cost.flops.value)


@pytest.mark.parametrize("name", NAMES)
def test_it_takes_no_more_than_the_published_form(name: str, update_golden: bool) -> None:
    model = gradcli.load(FOLDER / f"{name}.eq")
    compact = model.derive(compact=True, layout="denominator")
    lines = "".join(f"{step}\n" for step in compact.steps)
    file = FOUND / f"{name}.grad"
    if update_golden:
        file.write_text(lines, encoding="utf-8")
    assert lines == file.read_text(encoding="utf-8"), "after reading it: --update-golden"
    published = reviewed(model, FOLDER / f"{name}.grad")
    found = reviewed(model, compact.to_grad())
    assert operations(found) <= operations(published)
    assert len(found.lines) <= len(published.lines)
    in_numerators = model.derive(compact=True, layout="numerator").to_grad()
    assert operations(reviewed(model, in_numerators)) == operations(found)


def test_each_published_form_has_its_golden_file() -> None:
    assert {path.stem for path in FOUND.iterdir()} == set(NAMES)
    assert {path.stem for path in FOLDER.glob("*.grad")} == set(NAMES)
