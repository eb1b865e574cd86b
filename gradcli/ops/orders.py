"""The order of entries along an axis: the largest, the sorted, the first of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcli.expr import call
from gradcli.ops import along_lists
from gradcli.ops import gather_code as coding
from gradcli.ops.core import EXACT, Array, Op, Signature, define, no_vjp
from gradcli.ops.flops import an_entry
from gradcli.ops.gather import index
from gradcli.ops.mismatch import Mismatch
from gradcli.ops.reductions import reduced_shape
from gradcli.sizes import Shape, Size


def ordering(name: str, forward: Callable[..., Array], **fields: Any) -> Op:
    """Register an operation that the order of the entries along an axis decides."""
    usual: dict[str, Any] = {
        "keywords": {"axis": 0},
        "shape": lambda s: s.shapes[0],
        "vjp": no_vjp,
        "flops": an_entry,
        "cite": "piecewise constant",
        "branches": forward,
        "group": "indices",
        "rounding": EXACT,
        "yields": True,
    }
    return define(name, forward=forward, **(usual | fields))


def _along(s: Signature, belows: Sequence[Size | None]) -> Size:
    size: Size = s.shapes[0][s.attrs["axis"]]
    return size


def _chosen(sign: int) -> Callable[..., Array]:
    def forward(x: Array, axis: int) -> Array:
        return np.asarray(np.argmax(sign * x.real, axis=axis, keepdims=True), dtype=float)

    return forward


def _chosen_exact(sign: int) -> Callable[..., Any]:
    def exact(a: Any, x: Any, axis: int) -> Any:
        count = np.arange(float(x.shape[axis])).reshape((-1, *(1,) * (-1 - axis)))
        return a.total(a.first(x, (axis,), sign) * a.constant(count), (axis,))

    return exact


def _argsort(x: Array, axis: int) -> Array:
    return np.asarray(np.argsort(x.real, axis=axis, kind="stable"), dtype=float)


def _sort(x: Array, axis: int) -> Array:
    return np.take_along_axis(x, index(_argsort(x, axis)), axis)


def _sort_exact(a: Any, x: Any, axis: int) -> Any:
    order = index(_argsort(x.near, axis))
    known = a.doubted(x, *_ordered(a, x, axis, x.near).doubts)
    return a.ring(lambda v: np.take_along_axis(v, np.broadcast_to(order, v.shape), axis), (known,))


def _place(x: Array, axis: int) -> Array:
    """Each entry's place in the order from the largest down; the first of several goes first."""
    order = np.argsort(-x.real, axis=axis, kind="stable")
    return np.argsort(order, axis=axis, kind="stable")


def _topk(x: Array, axis: int, count: int) -> Array:
    return np.asarray(_place(x, axis) < count, dtype=float)


def _topk_shape(s: Signature) -> Shape:
    size = s.shapes[0][s.attrs["axis"]]
    if s.attrs["count"].value > size.value:
        raise Mismatch(f"{{0}} has {size.text} entries along axis {s.attrs['axis']}")
    return s.shapes[0]


def _ordered(a: Any, x: Any, axis: int, decided: Array) -> Any:
    """What the order of the entries along an axis decides, with the doubts about that order."""
    one, other = (
        a.ring(lambda v, k=k: np.expand_dims(np.moveaxis(v, axis, -1), k), (x,)) for k in (-1, -2)
    )
    doubts = a.choose(one - other, 0, 0, 1).doubts
    return a.doubted(a.constant(decided), *doubts)


for _name, _sign, _about in (("argmax", 1, "largest"), ("argmin", -1, "smallest")):
    ordering(
        _name,
        _chosen(_sign),
        shape=reduced_shape,
        counts=_along,
        exact=_chosen_exact(_sign),
        about=f"the number of the {_about} entry along an axis; of several the first",
        kink="no gradient flows through a choice",
        code=coding.chosen(_name),
        lists=along_lists.argmax if _sign > 0 else along_lists.argmin,
    )
ordering(
    "argsort",
    _argsort,
    counts=_along,
    exact=lambda a, x, axis: _ordered(a, x, axis, _argsort(x.near, axis)),
    about="the numbers of the entries along an axis, from the smallest up",
    kink="no gradient flows through an order",
    code=coding.ordered("argsort"),
    lists=along_lists.argsort,
)
ordering(
    "sort",
    _sort,
    vjp=lambda s, g, y, x: (
        call(
            "put",
            g,
            call("argsort", x, axis=s.attrs["axis"]),
            count=s.shapes[0][s.attrs["axis"]],
            axis=s.attrs["axis"],
        ),
    ),
    exact=_sort_exact,
    about="the entries along an axis, from the smallest up",
    cite="a permutation, whose transpose puts the cotangents back",
    kink="of equal entries the first stays first",
    branches=_argsort,
    code=coding.ordered("sort"),
    lists=along_lists.sort,
)
ordering(
    "topk",
    _topk,
    attributes=("count",),
    shape=_topk_shape,
    exact=lambda a, x, axis, count: _ordered(a, x, axis, _topk(x.near, axis, count)),
    about="1 at the so many largest entries along an axis, 0 elsewhere; of several the first",
    kink="no gradient flows through a choice",
    boolean=True,
    code=coding.largest,
)
