"""Along an axis: running sums, products and maxima, linear recurrences, reversals and turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import along_lists, exact, lists
from gradcli.ops import sequence_code as coding
from gradcli.ops.core import (
    ALL,
    EXACT,
    RING,
    Array,
    Op,
    Pair,
    Signature,
    define,
    elementwise_lanes,
)
from gradcli.ops.flops import an_entry, none, times
from gradcli.ops.mismatch import Mismatch
from gradcli.ops.reductions import axis_flip, axis_lanes
from gradcli.sizes import Shape, Size, alike, spell

LINEAR = "the transpose of a linear map: what comes after adds to what came before"
RECURRENCE = "Blelloch 1990, Prefix sums and their applications, section 1.4; its transpose"


def _same(s: Signature) -> Shape:
    return s.shapes[0]


def along(name: str, forward: Callable[..., Array], vjp: Any, **fields: Any) -> Op:
    """Register an operation along an axis that stays as it is."""
    usual: dict[str, Any] = {
        "shape": _same,
        "flip": axis_flip(name),
        "lanes": axis_lanes,
        "keywords": {"axis": 0, "reverse": 0},
        "flops": an_entry,
        "group": "sequences",
        "yields": True,
    }
    return define(name, forward=forward, vjp=vjp, **(usual | fields))


# ── pieces of rules ──


def _before(s: Signature, x: Expr, back: bool = False) -> Expr:
    """For each place what x has one place before, in the order of the operation or against it."""
    by = 1 if bool(s.attrs["reverse"]) == back else -1
    return call("shift", x, by=by, axis=s.attrs["axis"])


def _first(s: Signature) -> Expr:
    """1 at the first place, in the order of the operation, and 0 elsewhere."""
    return 1 - _before(s, call("ones", sizes=s.shapes[0]))


def _turned(s: Signature) -> dict[str, Any]:
    """The attributes of the same operation the other way round."""
    return {"axis": s.attrs["axis"], "reverse": 1 - s.attrs["reverse"]}


# ── running sums, products, maxima ──


def _ordered(x: Array, axis: int, reverse: int) -> Array:
    return np.flip(x, axis) if reverse else x


def _cumsum(x: Array, axis: int, reverse: int) -> Array:
    return _ordered(np.cumsum(_ordered(x, axis, reverse), axis=axis), axis, reverse)


def _cumprod(x: Array, axis: int, reverse: int) -> Array:
    return _ordered(np.cumprod(_ordered(x, axis, reverse), axis=axis), axis, reverse)


def _records(x: Array, axis: int, reverse: int) -> Array:
    """For each place where the largest entry so far stands; the first of several."""
    moved = np.moveaxis(_ordered(x.real, axis, reverse), axis, 0)
    best = np.zeros(moved.shape, dtype=int)
    top = moved[0]
    for t in range(1, len(moved)):
        best[t] = np.where(moved[t] > top, t, best[t - 1])
        top = np.where(moved[t] > top, moved[t], top)
    if reverse:
        best = len(moved) - 1 - best
    return _ordered(np.moveaxis(best, 0, axis), axis, reverse)


def _cummax(x: Array, axis: int, reverse: int) -> Array:
    return np.take_along_axis(x, _records(x, axis, reverse), axis)


def _cumprod_vjp(s: Signature, g: Expr, y: Expr, x: Expr) -> Sequence[Expr | None]:
    """Σ_(j≥i) g_j Π_(k≤j, k≠i) x_k: the product before i, times a recurrence from the end."""
    rest = call("scan", _before(s, x, back=True), g, **_turned(s))
    return ((_before(s, y) + _first(s)) * rest,)


def _cummax_vjp(s: Signature, g: Expr, y: Expr, x: Expr) -> Sequence[Expr | None]:
    """A record takes the cotangents from its place on, up to the next record."""
    new = call("maximum", call("ne", y, _before(s, y)), _first(s))
    rest = call("scan", 1 - _before(s, new, back=True), g, **_turned(s))
    return (new * rest,)


along(
    "cumsum",
    _cumsum,
    lambda s, g, y, x: (call("cumsum", g, **_turned(s)),),
    linear=ALL,
    exact=RING,
    about="sums of all entries so far, along an axis; reverse=1 from the end",
    cite=LINEAR,
    code=coding.cumsum,
    lists=along_lists.cumsum,
)
along(
    "cumprod",
    _cumprod,
    _cumprod_vjp,
    exact=lambda a, x, **static: a.powers(_cumprod, x.shape[static["axis"]], x, **static),
    about="products of all entries so far, along an axis; reverse=1 from the end",
    cite="d Π x_k = Σ_i (Π_(k≠i) x_k) dx_i, with no division by 0",
    code=coding.cumprod,
    lists=along_lists.cumprod,
)
along(
    "cummax",
    _cummax,
    _cummax_vjp,
    about="the largest entry so far, along an axis; reverse=1 from the end",
    cite="the largest entry takes the cotangent",
    kink="a tie goes to the first",
    branches=_records,
    rounding=EXACT,
    exact=exact.cummax,
    code=coding.cummax,
    lists=along_lists.cummax,
)


# ── linear recurrences ──


def _scan_shape(s: Signature) -> Shape:
    a, b = s.shapes
    if not alike(a, b):
        raise Mismatch(
            f"{{0}} is {spell(a)} and {{1}} is {spell(b)}: a scan takes two alike",
            f"broadcast({{0}}, [{', '.join(size.text for size in b)}]) stretches it",
        )
    return b


def _scan(a: Array, b: Array, axis: int, reverse: int) -> Array:
    factors = np.moveaxis(_ordered(a, axis, reverse), axis, 0)
    terms = np.moveaxis(_ordered(b, axis, reverse), axis, 0)
    nothing = np.zeros(np.broadcast_shapes(factors[0].shape, terms[0].shape), terms.dtype)
    states = [terms[0] + nothing]
    for t in range(1, len(terms)):
        states.append(factors[t] * states[-1] + terms[t])
    return _ordered(np.moveaxis(np.stack(states), 0, axis), axis, reverse)


def _scan_vjp(s: Signature, g: Expr, y: Expr, a: Expr, b: Expr) -> Sequence[Expr | None]:
    """λ_t = g_t + a_(t+1) λ_(t+1), which b_t gains as it is and a_t times the state before."""
    by_b = call("scan", _before(s, a, back=True), g, **_turned(s))
    return by_b * _before(s, y), by_b


def _scan_lanes(s: Signature, axes: Sequence[int | None]) -> int | None:
    apart = elementwise_lanes(s, axes)
    return None if apart == s.attrs["axis"] - s.rank else apart


def _scan_flip(s: Signature, pairs: Sequence[Pair]) -> Expr | None:
    turned = {**s.attrs, "axis": s.rank - 1 - s.attrs["axis"]}
    return call("scan", *(pair.flipped for pair in pairs), **turned)


def _scan_flops(s: Signature, shape: Shape) -> Size:
    return times(s.sizes, 2, s.sizes.product(shape))


along(
    "scan",
    _scan,
    _scan_vjp,
    operands=("a", "b"),
    shape=_scan_shape,
    flip=_scan_flip,
    lanes=_scan_lanes,
    linear=((1,),),
    exact=lambda a, x, y, **static: a.powers(_scan, x.shape[static["axis"]], x, y, **static),
    about="s_t = a_t s_(t-1) + b_t along an axis, from 0 on; reverse=1 from the end",
    cite=RECURRENCE,
    flops=_scan_flops,
    code=coding.scan,
    lists=along_lists.scan,
)


# ── entries that change places ──

along(
    "flip",
    np.flip,
    lambda s, g, y, x: (call("flip", g, **s.attrs),),
    linear=ALL,
    exact=RING,
    keywords={"axis": 0},
    about="the entries along an axis from the last to the first",
    cite="entries move, and their cotangents move back",
    rounding=EXACT,
    flops=none,
    code=coding.flip,
    lists=along_lists.flip,
)
along(
    "roll",
    np.roll,
    lambda s, g, y, x: (call("roll", g, shift=-s.attrs["shift"], axis=s.attrs["axis"]),),
    linear=ALL,
    exact=RING,
    keywords={"shift": 1, "axis": 0},
    about="the entries along an axis some places on; what leaves at the end enters at the begin",
    cite="entries move, and their cotangents move back",
    rounding=EXACT,
    flops=none,
    code=coding.roll,
    lists=along_lists.roll,
)


def _shift(x: Array, by: int, axis: int) -> Array:
    moved = np.moveaxis(x, axis, 0)
    left = max(0, len(moved) - abs(by))
    zeros = np.zeros((len(moved) - left, *moved.shape[1:]), x.dtype)
    parts = (zeros, moved[:left]) if by > 0 else (moved[len(moved) - left :], zeros)
    return np.moveaxis(np.concatenate(parts), 0, axis)


along(
    "shift",
    _shift,
    lambda s, g, y, x: (call("shift", g, by=-s.attrs["by"], axis=s.attrs["axis"]),),
    linear=ALL,
    exact=RING,
    keywords={"by": 1, "axis": 0},
    about="the entries along an axis some places on; zeros enter",
    cite="entries move, and their cotangents move back",
    rounding=EXACT,
    flops=none,
    code=coding.shift,
    lists=along_lists.shift,
)


def _triangle(
    name: str,
    other: str,
    forward: Callable[..., Array],
    plain: Callable[..., Any],
    about: str,
) -> None:
    def flip(s: Signature, pairs: Sequence[Pair]) -> Expr | None:
        return call(other, pairs[0].flipped, k=-s.attrs["k"]) if s.rank == 2 else None

    along(
        name,
        forward,
        lambda s, g, y, x: (call(name, g, **s.attrs),),
        flip=flip,
        lanes=None,
        linear=ALL,
        exact=RING,
        keywords={"k": 0},
        about=about,
        cite="entry by entry: what is kept takes its cotangent",
        rounding=EXACT,
        flops=none,
        code=coding.triangle(name),
        lists=plain,
    )


_triangle(
    "tril",
    "triu",
    np.tril,
    lists.tril,
    "the last two axes' entries up to the k-th diagonal, else 0",
)
_triangle(
    "triu",
    "tril",
    np.triu,
    lists.triu,
    "the last two axes' entries from the k-th diagonal on, else 0",
)
