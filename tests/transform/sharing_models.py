"""Random models whose cotangents pass on as they are, so that derivatives could share arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Shape = tuple[int, ...]
INPUTS: dict[str, Shape] = {"u": (2, 2), "w": (2, 2), "c": (3, 2, 2), "r": (1, 2), "k": (2, 1)}
HEAD = "input u: [2, 2], w: [2, 2], c: [3, 2, 2], r: [1, 2], k: [2]\n"
# What an equation may be, by its operand's shape: its text and its own shape.
OF_ONE: dict[Shape, list[tuple[str, Shape]]] = {
    (2, 2): [
        ("{a}", (2, 2)),
        ("{a}.T", (2, 2)),
        ("3 * {a}", (2, 2)),
        ("{a}[0, :]", (1, 2)),
        ("{a}[:, 1]", (2, 1)),
        ("{a}[0:2]", (2, 2)),
        ("reshape({a}[1:2], [2, 1])", (2, 1)),
        ("stack({a}, {a}, {a})", (3, 2, 2)),
        ("broadcast({a}, [3, 2, 2])", (3, 2, 2)),
    ],
    (3, 2, 2): [
        ("{a}", (3, 2, 2)),
        ("{a}[1]", (2, 2)),
        ("{a}[2, 0]", (2, 1)),
        ("{a}[0:1] + {a}", (3, 2, 2)),
        ("{a}[:, :, 1]", (3, 2)),
        ("sum({a}, axis=0)[0]", (2, 2)),
    ],
    (1, 2): [("{a}.T", (2, 1)), ("[{a}; {a}]", (2, 2)), ("{a}[0, 1]", (1, 1))],
    (2, 1): [("{a}.T", (1, 2)), ("reshape({a}, [1, 2])", (1, 2)), ("{a}[0:1]", (1, 1))],
    (3, 2): [("{a}[1:3]", (2, 2)), ("{a}[0]", (1, 2))],
    (1, 1): [("broadcast({a}, [2, 2])", (2, 2)), ("{a}", (1, 1))],
}
OF_TWO = ["{a} + {b}", "{a} - {b}", "{a} + 2 * {b}"]


@st.composite
def sharing_models(draw: Callable[[st.SearchStrategy[Any]], Any]) -> str:
    known = dict(INPUTS)
    lines: list[str] = []
    for i in range(draw(st.integers(2, 8))):
        a = draw(st.sampled_from(sorted(known)))
        if draw(st.booleans()):
            form, shape = draw(st.sampled_from(OF_ONE[known[a]]))
            lines.append(f"y{i} = {form.format(a=a)}")
        else:
            shape = known[a]
            b = draw(st.sampled_from(sorted(n for n, other in known.items() if other == shape)))
            lines.append(f"y{i} = {draw(st.sampled_from(OF_TWO)).format(a=a, b=b)}")
        known[f"y{i}"] = shape
    names = draw(st.lists(st.sampled_from(sorted(known)), min_size=1, max_size=4))
    terms = [draw(st.sampled_from(["sum({n})", "sum({n}^2)", "10 * sum({n})"])) for _ in names]
    made = [term.format(n=name) for term, name in zip(terms, [*names[1:], f"y{i}"], strict=True)]
    return HEAD + "\n".join([*lines, f"loss L = {' + '.join(made)}"]) + "\n"
