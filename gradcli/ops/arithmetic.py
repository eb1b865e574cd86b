"""The operators: sums, products, powers, comparisons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcli.expr import Expr, call, equal
from gradcli.ops import coding, maps
from gradcli.ops.broadcasting import broadcast_shapes, differ
from gradcli.ops.coding import NUMPY, PYTHON, SUMMED, compared
from gradcli.ops.core import (
    ALL,
    EACH,
    EXACT,
    RING,
    Array,
    Op,
    Pair,
    Signature,
    Spelling,
    elementwise_flip,
    elementwise_lanes,
    elementwise_shape,
    infix,
    no_vjp,
    register,
)
from gradcli.ops.flops import an_entry, none, product
from gradcli.ops.maps import Map
from gradcli.ops.mismatch import Mismatch
from gradcli.sizes import (
    ATOM,
    COMPARISON,
    POSTFIX,
    POWER,
    PRODUCT,
    SIGN,
    SUM,
    Shape,
    is_one,
    plain,
    same,
    spell,
)

SLIDES = "How to compute a derivative (course slides), "
OPERATORS: dict[tuple[str, int], str] = {}  # the symbol and its number of operands -> the operation


def _is(x: Expr, value: float) -> bool:
    return x.is_number() and x.number.value == value


def operator(
    symbols: str,
    name: str,
    operands: tuple[str, ...],
    forward: Callable[..., Array],
    vjp: Callable[..., Sequence[Expr | None]],
    text: Spelling,
    latex: Spelling,
    **fields: Any,
) -> Op:
    """Register an elementwise operator under its symbols; the first is the one printed."""
    for symbol in symbols.split():
        OPERATORS[symbol, len(operands)] = name
    fields.setdefault("shape", elementwise_shape)
    fields.setdefault("flip", elementwise_flip(name))
    fields.setdefault("numpy", text)
    fields.setdefault("foldable", True)
    fields.setdefault("code", {NUMPY: fields["numpy"], PYTHON: fields["numpy"]})
    fields.setdefault("lanes", elementwise_lanes)
    fields.setdefault("flops", an_entry)
    return register(
        Op(
            name=name,
            operands=operands,
            forward=forward,
            vjp=vjp,
            text=text,
            latex=latex,
            lifts=True,
            group="operators",
            **fields,
        ),
        function=False,
    )


# ── as maps of an operand ──


def _added(s: Signature, k: int, operands: Sequence[Expr]) -> Map | None:
    return maps.stretched(s.shapes[k], elementwise_shape(s), s.sizes)


def _subtracted(s: Signature, k: int, operands: Sequence[Expr]) -> Map | None:
    found = _added(s, k, operands)
    return maps.negated(found) if k and found is not None else found


def _scaled(s: Signature, k: int, factor: Expr) -> Map | None:
    """What the k-th operand does as it is stretched and multiplied by a factor like the other."""
    shape = elementwise_shape(s)
    stretched = maps.stretched(s.shapes[k], shape, s.sizes)
    times = maps.times(factor, s.shapes[1 - k], shape, s.sizes)
    if stretched is None or times is None:
        return None
    return maps.product(times, stretched, s.sizes)


def _multiplied(s: Signature, k: int, operands: Sequence[Expr]) -> Map | None:
    return _scaled(s, k, operands[1 - k])


def _divided(s: Signature, k: int, operands: Sequence[Expr]) -> Map | None:
    return _scaled(s, k, 1 / operands[1])


operator(
    "+",
    "add",
    ("x", "y"),
    np.add,
    lambda s, g, z, x, y: (g, g),
    infix("+", SUM),
    infix("+", SUM),
    sized=lambda sizes, a, b: sizes.add(a, b),
    linear=ALL,
    regroups=True,
    terms=lambda s, book, x, y: book.add(x, y),
    exact=RING,
    about="sum",
    jacobian=_added,
    cite=SLIDES + "rule 3",
)
operator(
    "-",
    "sub",
    ("x", "y"),
    np.subtract,
    lambda s, g, z, x, y: (g, -g),
    infix("-", SUM),
    infix("-", SUM),
    sized=lambda sizes, a, b: sizes.add(a, b, -1),
    linear=ALL,
    terms=lambda s, book, x, y: book.add(x, y, -1),
    exact=RING,
    about="difference",
    jacobian=_subtracted,
    cite=SLIDES + "the deriv routine, `-`",
)
operator(
    "* ∘ ⊙",
    "mul",
    ("x", "y"),
    np.multiply,
    lambda s, g, z, x, y: (g * y, g * x),
    infix("*", PRODUCT),
    infix(r"\odot", PRODUCT, POWER),
    latex_scalar=infix(r"\cdot", PRODUCT, POWER),
    sized=lambda sizes, a, b: sizes.multiply(a, b),
    linear=EACH,
    regroups=True,
    terms=lambda s, book, x, y: book.multiply(x, y),
    exact=RING,
    about="elementwise (Schur) product",
    jacobian=_multiplied,
    cite=SLIDES + "rule 2",
    spread=True,
)
operator(
    "/",
    "div",
    ("x", "y"),
    np.divide,
    lambda s, g, z, x, y: (g / y, -g / y**2 if _is(x, 1) else -g * x / y**2),
    infix("/", PRODUCT),
    Spelling(r"\frac{{{0}}}{{{1}}}", needs=(0, 0)),
    sized=lambda sizes, a, b: sizes.divide(a, b),
    linear=((0,),),
    terms=lambda s, book, x, y: book.multiply(x, book.power(y, -1)),
    exact=lambda a, x, y: x / y,
    about="elementwise quotient",
    jacobian=_divided,
    cite=SLIDES + "listed there as missing: z = x/y, z = 1/y",
    domain=(0.5, 2.0),
)
operator(
    "-",
    "neg",
    ("x",),
    np.negative,
    lambda s, g, z, x: (-g,),
    Spelling("-{0}", SIGN, (SIGN,)),
    Spelling("-{0}", SIGN, (SIGN,)),
    sized=lambda sizes, a: sizes.add(sizes.constant(0), a, -1),
    linear=ALL,
    terms=lambda s, book, x: book.scaled(x, -1),
    exact=RING,
    about="negation",
    jacobian=lambda s, k, operands: maps.negated(maps.identity(s.shapes[0], s.sizes)),
    cite=SLIDES + "listed there as missing: operations with constants",
    rounding=EXACT,
)
operator(
    "+",
    "pos",
    ("x",),
    np.positive,
    lambda s, g, z, x: (g,),
    Spelling("+{0}", SIGN, (SIGN,)),
    Spelling("+{0}", SIGN, (SIGN,)),
    sized=lambda sizes, a: a,
    linear=ALL,
    flops=none,
    terms=lambda s, book, x: x,
    exact=RING,
    about="the operand itself",
    cite=SLIDES + "the deriv routine, `none`",
    rounding=EXACT,
)


def _power(x: Array, y: Array) -> Array:
    return np.power(x, y)


def _power_vjp(s: Signature, g: Expr, z: Expr, x: Expr, y: Expr) -> Sequence[Expr | None]:
    """By the base n x^(n-1); by the exponent x^n log x, whose limit at x = 0 is 0.

    A plain number in the exponent needs no logarithm, and 0 and 1 no power.
    """
    if y.is_number():
        n = y.number
        if n.value == 0:
            return g * 0, None
        if n.value == 1:
            return g, None
        less = plain(n.value - 1) if n.size is None or not n.size.terms[0][0] else None
        if n.value == 2 and less:
            return g * n * x, None
        if n.value == -1 and less:
            return -g * x**less, None
        return g * n * x ** (less or y - 1), None
    if x.is_number():
        return None, g * z * (call("log", x) if x.number.value else 0)
    # x^0 is 1 for every base, 0 included, so that no slope is taken there.
    by_base = call("where", equal(y, 0), 0, g * y * x ** (y - 1))
    return by_base, g * z * call("log", call("where", equal(x, 0), 1, x))


operator(
    "^ **",
    "pow",
    ("x", "y"),
    _power,
    _power_vjp,
    Spelling("{0}^{1}", POWER, (POSTFIX, SIGN)),
    Spelling("{0}^{{{1}}}", POWER, (ATOM, 0)),
    numpy=Spelling("{0} ** {1}", POWER, (POSTFIX, SIGN)),
    sized=lambda sizes, a, b: sizes.power(a, b),
    terms=lambda s, book, x, y: book.power(x, book.rational(y)),
    exact=lambda a, x, y: a.raised(x, y),
    about="elementwise power",
    cite="d x^n = n x^(n-1) dx; d a^y = a^y log a dy (Abramowitz & Stegun, 3.3.4, 4.2.5)",
    kink="at x = 0 the derivative by the exponent is 0",
    domain=(0.5, 2.0),
)


# ── the matrix product ──


def _matmul_shape(s: Signature) -> Shape:
    a, b = s.shapes
    inner = same(a[-1], b[-2])
    if inner is None:
        raise Mismatch(
            f"{{0}} is {spell(a)} and {{1}} is {spell(b)}: "
            f"the inner sizes differ, {differ(a[-1], b[-2])}",
            _matmul_hint(a, b),
        )
    rank = max(len(a), len(b))
    if rank == 2:
        return a[0], b[1]
    last = a[-2], b[-1]
    return broadcast_shapes(s.sizes, [(*a[:-2], *last), (*b[:-2], *last)])


def _matmul_hint(a: Shape, b: Shape) -> str | None:
    if len(a) != 2 or len(b) != 2:
        return None
    if all(same(x, y) for x, y in zip(a, b, strict=True)) and same(a[1], b[0]) is None:
        if a[1].value == 1:
            return "`*` is the elementwise product; {0}.T @ {1} is the scalar product"
        return "`*` is the elementwise product; did you mean {0} @ {1}.T?"
    if same(b[1], a[0]):
        return "did you mean {1} @ {0}?"
    if same(a[0], b[0]):
        return "did you mean {0}.T @ {1}?"
    if same(a[1], b[1]):
        return "did you mean {0} @ {1}.T?"
    if a[0].value == a[1].value == 1 or b[0].value == b[1].value == 1:
        return "a scalar multiplies with `*`"
    return None


def _matmul_vjp(s: Signature, g: Expr, z: Expr, a: Expr, b: Expr) -> Sequence[Expr | None]:
    """Giles 2008, 2.2.2; at rank 3 and more on the last two axes, entry by entry of the others."""
    rank_a, rank_b = (len(shape) for shape in s.shapes)
    if rank_a == rank_b == 2:
        return g @ b.T, a.T @ g
    # einsum names the axes from the end, so that leading axes of one side alone are no matter.
    rank = max(rank_a, rank_b)
    lead = "abcdefgh"[: rank - 2]
    # A stretched axis has a letter of its own, so that it meets no other size; one that an operand
    # lacks is summed by the contraction.
    own = [lead[rank - len(shape) :] for shape in s.shapes]
    names = [
        "".join(c.upper() if is_one(size) else c for c, size in zip(letters, shape, strict=False))
        for letters, shape in zip(own, s.shapes, strict=True)
    ]
    left, right = names[0] + "ij", names[1] + "jk"
    out = lead + "ik"
    by_a = call("einsum", g, b, subscripts=f"{out},{right}->{own[0]}ij")
    by_b = call("einsum", a, g, subscripts=f"{left},{out}->{own[1]}jk")
    return by_a, by_b


def _matmul_terms(s: Signature, book: Any, a: Any, b: Any) -> Any:
    rank = max(len(shape) for shape in s.shapes)
    lead = tuple(range(rank - 2))
    i, j, k = rank, rank + 1, rank + 2
    left, right = (lead[rank - len(shape) :] for shape in s.shapes)
    return book.product([a, b], [(*left, i, j), (*right, j, k)], (*lead, i, k), _matmul_shape(s))


def _matmul_lanes(s: Signature, axes: Sequence[int | None]) -> int | None:
    """The left operand's rows stay apart, or the right one's columns."""
    left, right = axes
    if right is None:
        return left if left == -2 else None
    if left is None:
        return right if right == -1 else None
    return None


def _matmul_jacobian(s: Signature, k: int, operands: Sequence[Expr]) -> Map | None:
    """(A ⊗ I) vec X for A @ X, and (I ⊗ Bᵀ) vec X for X @ B, the entries row by row."""
    a, b = s.shapes
    if len(a) != 2 or len(b) != 2:
        return None
    if k == 0:
        return maps.kron(maps.Eye(a[0]), maps.dense(operands[1].T, b[::-1]), s.sizes)
    return maps.kron(maps.dense(operands[0], a), maps.Eye(b[1]), s.sizes)


def _matmul_flip(s: Signature, pairs: Sequence[Pair]) -> Expr | None:
    if any(len(shape) != 2 for shape in s.shapes):
        return None
    left, right = pairs[1].flipped, pairs[0].flipped
    if right.op == "matmul":  # a chain stays one, without brackets
        return left @ right.args[0] @ right.args[1]
    return left @ right


operator(
    "@",
    "matmul",
    ("A", "B"),
    np.matmul,
    _matmul_vjp,
    infix("@", PRODUCT),
    infix(r"\,", SIGN, POWER),  # standing side by side binds tighter than a symbol between
    shape=_matmul_shape,
    flip=_matmul_flip,
    lanes=_matmul_lanes,
    spread=True,
    foldable=False,
    linear=EACH,
    flops=product,
    terms=_matmul_terms,
    code={NUMPY: coding.product, SUMMED: coding.product_summed},
    exact=RING,
    about="matrix product, over the last two axes",
    jacobian=_matmul_jacobian,
    cite=SLIDES + "rule 1; Giles 2008, section 2.2",
)


# ── comparisons: 0/1 masks, decided on the real part ──


def _compare(relation: Callable[..., Any]) -> Callable[..., Array]:
    def forward(x: Array, y: Array) -> Array:
        return np.asarray(relation(x.real, y.real), dtype=float)

    return forward


def _by_sign(*masks: int) -> Callable[..., Any]:
    """The mask where x - y is negative, 0 and positive."""
    return lambda a, x, y: a.choose(x - y, *masks)


def _apart(below: int, equal: int, above: int) -> Callable[..., Any] | None:
    """The mask of what is known to differ, where that alone decides it."""
    if below != above:
        return None
    return lambda s, book, x, y: book.of_unlike(x, y, below)


for _symbol, _name, _relation, _latex, _masks in (
    ("<", "lt", np.less, "<", (1, 0, 0)),
    ("<=", "le", np.less_equal, r"\le", (1, 1, 0)),
    (">", "gt", np.greater, ">", (0, 0, 1)),
    (">=", "ge", np.greater_equal, r"\ge", (0, 1, 1)),
    ("==", "eq", np.equal, "=", (0, 1, 0)),
    ("!=", "ne", np.not_equal, r"\ne", (1, 0, 1)),
):
    operator(
        _symbol,
        _name,
        ("x", "y"),
        _compare(_relation),
        no_vjp,
        Spelling(f"{{0}} {_symbol} {{1}}", COMPARISON, (SUM, SUM)),
        Spelling(f"[{{0}} {_latex} {{1}}]", needs=(SUM, SUM)),
        numpy=Spelling(f"({{0}} {_symbol} {{1}}) * 1.0", PRODUCT, (SUM, SUM)),
        code=compared(_symbol),
        about="0/1 mask",
        cite="constant but for jumps",
        kink="no gradient flows through a comparison",
        rounding=EXACT,
        boolean=True,
        branches=_compare(_relation),
        exact=_by_sign(*_masks),
        terms=_apart(*_masks),
    )
