"""What submissions share: what has been found of one must not change the marks of another."""

from __future__ import annotations

from pathlib import Path

import pytest
from grading import ROOT

from gradcli.check.derivation import causes
from gradcli.check.derivation.memory import Memory
from gradcli.grade import marks
from gradcli.grade.marks import Asked, Mark, Marker
from gradcli.grade.rubric import Rubric
from gradcli.render.grad import lines
from gradcli.session import Request, bind, parse_file, run

LAYER = """
layout denominator
dim N = 4, M = 3
input x: [M]
const t: [N]
param W: [N, M], b: [N]
y = tanh(W @ x + b)
loss L = sum(square(y - t)) / 2
"""
MANY = " + ".join(f"exp({k}.5 * W @ x * y)" for k in range(12))
SUBMISSIONS = (
    "d = (y - t) * (1 - y^2)\ndW = d @ x.T\ndb = d\n",
    "d = (y - t) * (1 - y)\ndW = d @ x.T\ndb = d\n",
    "d = y - t\ndW = d @ x.T\ndb = d\n",
    f"k = {MANY}\nd = (y - t) * (1 - y^2) + k - k\ndW = d @ x.T\ndb = d + 0 * k\n",
    "layout numerator\nd = ((y - t) * (1 - y^2)).T\ndW = x @ d\ndb = d\n",
    "def slope(a) = 1 - a^2\nd = (y - t) * slope(y)\ndW = d @ x.T\n",
    "def slope(a) = 1 + a^2\nd = (y - t) * slope(y)\ndW = d @ x.T\n",
    "dL/dy = (y - t)\ndW = (dL/dy * (1 - y^2)) @ x.T\ndb = 2 * dL/dy * (1 - y^2)\n",
    "dL/dy = (y - t)\ndW = (dL/dy * (1 - y^2)) @ x.T\ndb += dL/dy * (1 - y^2)\n",
    "dW = (y - t) * (1 - y^2 @ x.T\ndb = (y - t) * (1 - y^2)\n",
    "dW = (y - t) @ x.T\ndb = exp(y) - t^5\n",
)


def marker(path: Path) -> Marker:
    program, data = bind(parse_file(str(path)), Request())
    return Marker(program, data, Rubric(), Asked(seconds=600))


def told(mark: Mark) -> object:
    return mark.points, [
        (v.line, v.verdict, v.diagnosis, v.expected, v.message, v.proof.verdict, v.proof.reason)
        for v in mark.lines
    ]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    found = []
    for number, text in enumerate(SUBMISSIONS):
        path = tmp_path / f"{number:02}.grad"
        path.write_text(text)
        found.append(str(path))
    (tmp_path / "model.eq").write_text(LAYER)
    return found


def counted(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What is tried from now on, as it is tried."""
    tried: list[object] = []
    meet = causes.Causes.meet

    def noted(self: causes.Causes, *arguments: object) -> int | None:
        tried.append(arguments)
        return meet(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(causes.Causes, "meet", noted)
    return tried


def test_the_order_of_submissions_is_no_matter(files: list[str], tmp_path: Path) -> None:
    model = tmp_path / "model.eq"
    alone = [told(marker(model).mark(file)) for file in files]
    together = marker(model)
    assert [told(together.mark(file)) for file in files] == alone
    assert [told(together.mark(file)) for file in reversed(files)] == alone[::-1]
    assert len({str(found) for found in alone}) > len(files) - 3  # they differ


def test_memory_is_bounded(
    files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model.eq"
    usual = marker(model)
    expected = [told(usual.mark(file)) for file in files]
    monkeypatch.setattr("gradcli.check.derivation.memory.MOST_KEPT", 2000)
    small = marker(model)
    assert [told(small.mark(file)) for file in files] == expected
    assert small.points(0).memory.size <= 2000


def test_what_is_made_anew_is_not_kept_twice() -> None:
    memory = Memory()
    made = iter(range(9))
    assert [memory.of("one", lambda: next(made)) for _ in range(3)] == [0, 0, 0]


def test_a_derivation_that_stops_early_is_judged_quickly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A contribution with a wrong sign is found before the whole total is looked for."""
    model = ROOT / "examples" / "lstm.eq"
    listing = "".join(lines(run(str(model), Request()))).splitlines()
    at = next(i for i, line in enumerate(listing) if line.startswith("dL/dx ="))
    target, formula = listing[at].split(" = ")
    (tmp_path / "it.grad").write_text(
        "\n".join([*listing[:at], f"{target} = -({formula})", *listing[at + 1 : at + 9]])
    )
    tried = counted(monkeypatch)
    mark = marker(model).mark(str(tmp_path / "it.grad"))
    (wrong,) = [line for line in mark.lines if line.verdict == "wrong"]
    assert (wrong.line, wrong.diagnosis) == (at + 1, "sign")
    assert wrong.expected == listing[at]
    assert len(tried) < 100


def test_the_search_for_causes_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many lines are wrong for no known cause, each is looked at a little."""
    model = ROOT / "examples" / "lstm.eq"
    listing = "".join(lines(run(str(model), Request()))).splitlines()
    spoilt = [i for i, line in enumerate(listing) if line.startswith("dL/d")][:12]
    for i in spoilt:
        target, assign, formula = listing[i].split(" ", 2)
        listing[i] = f"{target} {assign} exp({formula}) - 5 * ({formula})^3"
    (tmp_path / "it.grad").write_text("\n".join(listing) + "\n")
    monkeypatch.setattr(marks, "EFFORT", 1000)
    tried = counted(monkeypatch)
    mark = marker(model).mark(str(tmp_path / "it.grad"))
    assert mark.count("wrong") == len(spoilt)
    assert len(tried) < 1000 + 2 * causes.TRIES[-1] * len(spoilt)
    assert len(tried) > 10 * len(spoilt)
