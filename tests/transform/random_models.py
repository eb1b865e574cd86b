"""Random models, well typed by construction: a few inputs, some equations, a loop, a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

Shape = tuple[str, ...]
COLUMN, ROW, SCALAR = ("H", "1"), ("1", "H"), ("1", "1")


class Variable(NamedTuple):
    name: str
    shape: Shape


INPUTS = [
    Variable("s", SCALAR),
    Variable("x", ("X", "1")),
    Variable("h", ("H", "1")),
    Variable("f[1]", ("H", "1")),
    Variable("W", ("H", "X")),
    Variable("V", ("H", "H")),
    Variable("C", ("2", "H", "X")),
    Variable("k", ("K", "1")),
    Variable("U", ("K", "H")),
    Variable("D", ("K", "H", "X")),
]
DIMS = {"H": 3, "X": 2, "K": 1}
HEAD = f"""\
dim {", ".join(f"{name} = {value}" for name, value in DIMS.items())}
input s, x: [X], h: [H], f[1..2]: [H]
param W: [H, X], V: [H, H], C: [2, H, X], k: [K], U: [K, H], D: [K, H, X]
def gate(a, b) = sigmoid(a) * b
"""
SMOOTH = [
    "tanh",
    "sin",
    "sigmoid",
    "softplus",
    "gelu",
    "silu",
    "square",
    "cos",
    "-",
    "erf",
    "2 * ",
    "1 - ",
]
KINKED = ["relu", "abs"]
Draw = Callable[[st.SearchStrategy[Any]], Any]


def unary(draw: Draw, known: Sequence[Variable]) -> Variable:
    a = draw(st.sampled_from(known))
    function = draw(st.sampled_from(SMOOTH + KINKED))
    return Variable(f"{function}({a.name})", a.shape)


def power(draw: Draw, known: Sequence[Variable]) -> Variable:
    a = draw(st.sampled_from(known))
    n = draw(st.sampled_from(["0", "1", "2", "3"]))
    return Variable(f"tanh({a.name})^{n}", a.shape)


def elementwise(draw: Draw, known: Sequence[Variable]) -> Variable:
    a, b = draw(st.sampled_from([(a, b) for a in known for b in known if joint(a.shape, b.shape)]))
    form = draw(
        st.sampled_from(
            ["{a} + {b}", "{a} - {b}", "{a} * {b}", "{a} / (2 + square({b}))", "maximum({a}, {b})",
             "where({a} > {b}, {a}, {b})", "gate({a}, {b})", "{a} * ({b} < 0.3)"]
        )
    )  # fmt: skip
    return Variable(form.format(a=a.name, b=b.name), joint(a.shape, b.shape) or SCALAR)


def joint(a: Shape, b: Shape) -> Shape | None:
    """The broadcast shape of two, compared as texts."""
    rank = max(len(a), len(b))
    a, b = ("1",) * (rank - len(a)) + a, ("1",) * (rank - len(b)) + b
    if any(p != q and "1" not in (p, q) for p, q in zip(a, b, strict=True)):
        return None
    return tuple(q if p == "1" else p for p, q in zip(a, b, strict=True))


def product(draw: Draw, known: Sequence[Variable]) -> Variable:
    turned = [Variable(f"{v.name}.T", v.shape[::-1]) for v in known]
    pairs = [(a, b) for a in [*known, *turned] for b in [*known, *turned] if fits(a, b)]
    a, b = draw(st.sampled_from(pairs))
    lead = a.shape[:-2] or b.shape[:-2]
    return Variable(f"{a.name} @ {b.name}", (*lead, a.shape[-2], b.shape[-1]))


def fits(a: Variable, b: Variable) -> bool:
    one_lead = not a.shape[:-2] or not b.shape[:-2] or a.shape[:-2] == b.shape[:-2]
    return a.shape[-1] == b.shape[-2] and one_lead


def reduction(draw: Draw, known: Sequence[Variable]) -> Variable:
    a = draw(st.sampled_from(known))
    function = draw(st.sampled_from(["sum", "mean", "logsumexp", "prod", "max", "norm"]))
    axis = draw(st.sampled_from([None, *range(len(a.shape))]))
    if axis is None:
        return Variable(f"{function}({a.name})", SCALAR)
    shape = tuple("1" if i == axis else size for i, size in enumerate(a.shape))
    return Variable(f"{function}({a.name}, axis={axis})", shape)


def normalised(draw: Draw, known: Sequence[Variable]) -> Variable:
    a = draw(st.sampled_from(known))
    function = draw(st.sampled_from(["softmax", "log_softmax"]))
    return Variable(
        f"{function}({a.name}, axis={draw(st.sampled_from(range(len(a.shape))))})", a.shape
    )


def slice_of(draw: Draw, known: Sequence[Variable]) -> Variable:
    """A part of an axis, or all of it."""
    a = draw(st.sampled_from([v for v in known if set(v.shape) & DIMS.keys()]))
    axis = draw(st.sampled_from([i for i, size in enumerate(a.shape) if size in DIMS]))
    size = DIMS[a.shape[axis]]
    start = draw(st.integers(0, size - 1))
    stop = draw(st.integers(start + 1, size))
    single = stop == start + 1 and draw(st.booleans())
    at = str(start) if single else f"{start}:{stop}"
    if stop == size and not single and start and draw(st.booleans()):
        at = f"{start - size}:"
    index = ", ".join(at if i == axis else ":" for i in range(len(a.shape)))
    shape = tuple(str(stop - start) if i == axis else size for i, size in enumerate(a.shape))
    if len(shape) > 2 and single:
        shape = tuple(size for i, size in enumerate(a.shape) if i != axis)
    name = a.name if a.name.isidentifier() or a.name.endswith("]") else f"({a.name})"
    return Variable(f"{name}[{index}]", shape)


def stacked(draw: Draw, known: Sequence[Variable]) -> Variable:
    columns = st.sampled_from([v for v in known if v.shape == COLUMN])
    window = draw(st.sampled_from(["0:H", "1:H+1", "H+2 : 2*H+2", "-H:"]))
    last = draw(st.sampled_from(["x", "k", "x; k", "k; x"]))
    return Variable(
        f"V @ [{draw(columns).name}; s; 2; {draw(columns).name}; {last}][{window}, :]", COLUMN
    )


MAKERS = [unary, power, elementwise, product, reduction, normalised, slice_of, slice_of, stacked]


def expressions(draw: Draw, known: Sequence[Variable], count: int) -> Iterator[Variable]:
    for _ in range(count):
        maker = draw(st.sampled_from(MAKERS))
        yield maker(draw, known)


@st.composite
def models(draw: Draw) -> str:
    """A model's text; `{layout}` aside, all that a person may write in one."""
    known = list(INPUTS)
    lines: list[str] = []
    for i in range(draw(st.integers(2, 6))):
        (made,) = expressions(draw, known, 1)
        lines.append(f"y{i} = {made.name}")
        known.append(Variable(f"y{i}", made.shape))
    if draw(st.booleans()):
        lines += loop(draw, known)
        known.append(Variable("g[2]", COLUMN))
    results = [v for v in known if v.name[0] in "yg"]
    terms = [f"sum(sin({v.name}))" for v in results[-3:]]
    lines.append(f"loss L = {' + '.join(terms)}")
    if draw(st.booleans()):
        lines.append(f"given dL/d{draw(st.sampled_from(results)).name}")
    return HEAD + "\n".join(lines) + "\n"


def loop(draw: Draw, known: Sequence[Variable]) -> list[str]:
    """A recurrence with a local name and a shared slice."""
    columns = [v for v in known if v.shape in (COLUMN, SCALAR)]
    (a,) = [elementwise(draw, [*columns, Variable("g[t-1]", COLUMN), Variable("f[t]", COLUMN)])]
    window = draw(st.sampled_from(["V[t-1 : t+1, :]", "V[0 : t, :]", "V[t, :]", "V[:, t]"]))
    return [
        "g[0] = h",
        "for t in 1..2:",
        f"    a = {a.name}",
        f"    g[t] = tanh(V @ g[t-1] + a * sum({window})) / t",
    ]
