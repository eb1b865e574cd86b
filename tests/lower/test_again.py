"""Iterations that are written again from one before: the same program as where each is lowered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gradcli.errors import GradErrors
from gradcli.lower import lower
from gradcli.lower.again import Again, Copies
from gradcli.program import Program
from gradcli.session import parse_text

HEAD = """\
dim T = 7, H = 3
input x[1..T]: [H], u[0..T]: [H], M: [T, H], start: [H], k[1..T, 1..2]
index i[1..T]: [H] in 0..H-1
param W: [H, H], E: [H, H], b: [H]
def cell(a, c) = tanh(W @ a + c)
def local(a):
    m[1] = W @ a
    m[2] = m[1] * m[1]
    return m[2] + m[1]
def two(a) = 2
"""

RECURRENCE = "h[0] = start\nfor t in 1..T:\n    h[t] = tanh(W @ h[t-1] + x[t])\n"

# Which of them stand again, and which have something that differs from one iteration to the next.
AGAIN = {
    "a recurrence": RECURRENCE,
    "names that end with the loop": "for t in 1..T:\n    p = W @ x[t]\n    y[t] = p * p\n",
    "backwards": "for t in 1..T:\n    y[t] = x[t] * u[T - t] + x[T + 1 - t]\n",
    "two before": "h[0] = start\nh[1] = b\nfor t in 2..T:\n    h[t] = h[t-2] * u[t] - h[t-1]\n",
    "steps of two": "for t in 1..T:\n    y[2*t] = relu(x[t])\nfor t in 1..T:\n    w[t] = y[2*t] * b\n",
    "two loops": "for t in 1..T:\n    for s in 1..5:\n        y[t, s] = x[t] * u[s] * k[t, 2]\n",
    "a number of the loop around": "for t in 1..3:\n    for s in 1..5:\n        y[t, s] = x[s] * t\n",
    "a definition": "h[0] = start\nfor t in 1..T:\n    h[t] = cell(h[t-1], x[t] * pi)\n",
    "rows by numbers": "for t in 1..T:\n    y[t] = E[i[t]] @ x[t]\n",
    "a fixed member": "for t in 1..T:\n    y[t] = x[t] * u[5] + x[1]\n",
    "a sum": "s = sum(x[t] * u[t] for t in 1..T)\n",
    "a sum up to here": "for t in 1..T:\n    y[t] = sum(x[s] for s in 1..t)\n",
    "a sum of members": RECURRENCE + "s = sum(h[t] for t in 1..T)\n",
    "a product": "s = prod(x[t] for t in 2..T)\n",
    "the largest": "s = max(sum(x[t]) for t in 1..T)\n",
    "a mean": "s = mean(x[t] / k[t, 1] for t in 1..T)\n",
}
ONCE = {
    "a number": "for t in 1..T:\n    y[t] = x[t] * t\n",
    "a row": "for t in 1..T:\n    y[t] = M[t-1, :]\n",
    "a slice": "for t in 1..T:\n    y[t] = sum(u[t][0:1]) + M[0:t, :].T @ ones(t, 1)\n",
    "conditions": "for t in 1..T:\n    y[t] = x[t] + sum(u[s] for s in 0..T if s != t)\n",
    "members of a definition": "for t in 1..T:\n    y[t] = local(x[t])\n",
    "a gradient": "for t in 1..T:\n    y[t] = grad(sum(x[t] * W @ x[t]), x[t])\n",
    "a running sum of numbers": "s = sum(two(x[t] * b) for t in 1..T) * x[1]\n",
    "numbers alone": "s = sum(2 for t in 1..T) * x[1]\n",
    "each term wanted": "s = concat(x[t] * b for t in 1..T)\n",
}
SHAPES = "y[1] = b\ny[2] = b\ny[3] = b\ny[4] = b\ny[5] = E\ny[6] = E\ny[7] = b\n"
WRONG = {
    "a member that is not there": "for t in 1..T:\n    y[t] = x[t] + x[t+1]\n",
    "a member defined before": "h[5] = b\nfor t in 1..T:\n    h[t] = x[t] * b\n",
    "a member of another shape": SHAPES + "for t in 1..T:\n    w[t] = W @ y[t] + x[t]\n"
    "for t in 1..T:\n    v[t] = x[t] + w[t] @ E\n",
    "a member defined behind": "for t in 1..T:\n    y[t] = u[7 - t] * x[t]\n"
    "    z[t] = y[8 - t] * b\n",
    "a member for nothing": "def first(a, c) = a\nfor t in 1..T:\n    y[t] = first(x[t], u[t+2])\n",
}


def lowered(text: str) -> Any:
    """All that a program is, or what is wrong with the text."""
    try:
        program = lower(parse_text("model.eq", HEAD + text + "loss L = sum(b * b)\n"))
    except GradErrors as errors:
        return [str(error) for error in errors.errors]
    return parts(program)


def parts(program: Program) -> list[Any]:
    """A program as values that are equal for equal programs."""
    steps = [
        (
            s.name,
            s.call.op.name,
            repr(s.call.attrs),
            repr(s.call.shape),
            repr(s.args),
            repr(s.rolled),
        )
        for s in program.steps
    ]
    shapes = {name: repr(shape) for name, shape in program.shapes.items()}
    loops = repr(program.loops)
    return [steps, [s.place for s in program.steps], shapes, program.families, loops, program.notes]


def each_lowered(monkeypatch: pytest.MonkeyPatch, text: str) -> Any:
    with monkeypatch.context() as patch:
        patch.setattr(Copies, "stand", lambda self, t: False)
        return lowered(text)


@pytest.fixture
def stood(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The iterations that were written again."""
    found: list[int] = []
    stand: Callable[..., bool] = Again.stand

    def noted(self: Again, env: Any, t: int) -> bool:
        done = stand(self, env, t)
        found.extend([t] * done)
        return done

    monkeypatch.setattr(Again, "stand", noted)
    return found


@pytest.mark.parametrize("name", AGAIN)
def test_iterations_stand_again(
    name: str, stood: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = lowered(AGAIN[name])
    assert stood, "no iteration was written again"
    assert found == each_lowered(monkeypatch, AGAIN[name])
    assert not isinstance(found[0], str), found


@pytest.mark.parametrize("name", ONCE)
def test_iterations_that_differ_are_lowered(
    name: str, stood: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = lowered(ONCE[name])
    assert not stood
    assert found == each_lowered(monkeypatch, ONCE[name])


@pytest.mark.parametrize("name", WRONG)
def test_errors_in_a_later_iteration_are_the_same(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = lowered(WRONG[name])
    assert found == each_lowered(monkeypatch, WRONG[name])
    assert all(isinstance(message, str) for message in found)


def test_the_limit_of_elements_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradcli.lower.listing.MOST_ARRAYS", 1)
    monkeypatch.setattr("gradcli.lower.again.MOST_ARRAYS", 1)
    text = "dim T = 9\ninput x[1..T]: [3]\nfor t in 1..T:\n    y[t] = x[t] * x[t]\nloss L = sum(y[1])\n"

    def said() -> str:
        from gradcli.lower import Options

        with pytest.raises(GradErrors) as error:
            lower(parse_text("model.eq", text), Options(max_elements=16))
        return str(error.value.errors[0])

    found = said()
    assert "more than 16 elements in all" in found
    monkeypatch.setattr(Copies, "stand", lambda self, t: False)
    assert found == said()
