"""The report of a check, painted."""

from __future__ import annotations

from gradcli.render.layout import PARAMETER, STYLES, Line, Section, lay_out
from gradcli.render.report import COLUMNS


def test_verdicts_have_colours_of_their_own() -> None:
    """Green, red and yellow; no parameter looks like one of them."""
    verdicts = ("pass", "fail", "inconclusive")
    lines = [Line((f"dL/d{v}", v, "", *"1000", "")) for v in verdicts]
    found = [run for line in lay_out(Section("t", COLUMNS, lines), 80) for run in line]
    styles = {text: STYLES.get(style, "") for text, style in found}
    assert "green" in styles["pass"]
    assert "red" in styles["fail"]
    assert "yellow" in styles["inconclusive"]
    assert not {"green", "red", "yellow"} & set(STYLES[PARAMETER].split())
