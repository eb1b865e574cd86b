"""Windows that move over the last axes of an array: what convolutions and pools go over.

An array is [N, C, L] or [N, C, H, W]: N arrays with C channels each. Window o of an axis begins at
entry stride * o - pad, and its entries lie `dilation` apart (Dumoulin & Visin 2016, A guide to
convolution arithmetic for deep learning). What is left over behind the last window is in none, as
in PyTorch: along an axis there are (L + 2 pad - dilation (K - 1) - 1 - r) / stride + 1 windows,
where the rest r is what makes that a whole number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcli.ops.core import Array, Signature
from gradcli.ops.mismatch import Mismatch
from gradcli.record import Record
from gradcli.sizes import Shape, Size, Sizes, spell


class Windows(Record):
    """The windows of one axis: how many there are, and how many entries behind them are in none."""

    number: Size
    rest: int


def windows(s: Signature, length: Size, kernel: Size) -> Windows:
    """The windows of an axis. Raises Mismatch where there is none."""
    sizes, one = s.sizes, s.sizes.constant(1)
    stride, pad, dilation = steps_of(s, kernel)
    reach = sizes.add(sizes.multiply(dilation, sizes.add(kernel, one, -1)), one)
    room = sizes.add(sizes.add(sizes.add(length, pad), pad), reach, -1)
    if room.value < 0:
        raise Mismatch(
            f"a window of {reach.value} entries is longer than an axis of {length.value} "
            f"with pad = {pad.value}"
        )
    rest = int(room.value) % int(stride.value)
    steps = sizes.divide(sizes.add(room, sizes.constant(rest), -1), stride)
    count = sizes.literal(int(room.value) // int(stride.value) + 1)
    return Windows(sizes.add(steps, one) if steps else count, rest)


def covered(s: Signature, count: Size, kernel: Size, extra: int) -> Size:
    """The length of an axis that has so many windows and a rest, what a transposed convolution
    gives. Raises Mismatch where a rest has room for one more, or where there is no such axis.
    """
    sizes, one = s.sizes, s.sizes.constant(1)
    stride, pad, dilation = steps_of(s, kernel)
    first = sizes.multiply(stride, sizes.add(count, one, -1))
    last = sizes.multiply(dilation, sizes.add(kernel, one, -1))
    twice = sizes.add(pad, pad)
    if not 0 <= extra < stride.value:
        raise Mismatch(f"extra is below stride = {stride.value}, not {extra}", attribute="extra")
    rest = sizes.constant(1 + extra)
    found = sizes.add(sizes.add(sizes.add(first, last), rest), twice, -1)
    if found.value < 1:
        raise Mismatch(f"nothing is left: {found.text} is {found.value}", attribute="pad")
    return found


def steps_of(s: Signature, kernel: Size) -> tuple[Size, Size, Size]:
    stride = s.attrs["stride"]
    return (
        kernel if stride is None else amount(s, stride),
        amount(s, s.attrs["pad"]),
        amount(s, s.attrs.get("dilation", 1)),
    )


def amount(s: Signature, value: int | Size) -> Size:
    return value if isinstance(value, Size) else s.sizes.constant(value)


def moves(s: Signature, kernel: Size) -> dict[str, int]:
    """How windows move, as forward functions take it."""
    names = ("stride", "pad", "dilation")
    return {k: int(size.value) for k, size in zip(names, steps_of(s, kernel), strict=True)}


def axes_of(s: Signature, k: int, dims: int, what: str) -> Shape:
    """The shape of an operand that has two axes and `dims` more. Raises Mismatch."""
    shape = s.shapes[k]
    if len(shape) != dims + 2:
        raise Mismatch(f"{{{k}}} is {spell(shape)}, not {what}")
    return shape


# ── which entry of an axis is which entry of which window ──


def counted(length: int, kernel: int, stride: int, pad: int, dilation: int) -> int:
    """How many windows an axis has, as a number."""
    return (length + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1


def places(
    length: int,
    count: int,
    kernel: int,
    stride: int,
    pad: int,
    dilation: int,
    clipped: bool = False,
) -> Array:
    """[length, count, kernel]: 1 where an entry is that of a window, 0 elsewhere.

    clipped: whether what lies outside is the nearest entry, and not 0.
    """
    begin = stride * np.arange(count)[:, None] - pad
    where = begin + dilation * np.arange(kernel)
    if clipped:
        where = np.clip(where, 0, length - 1)
    return np.asarray(np.arange(length)[:, None, None] == where, dtype=float)


def unfolded(x: Array, masks: Sequence[Array]) -> Array:
    """[…, H, W] as […, windows, windows, entries, entries]; of one axis [..., windows, entries]."""
    if len(masks) == 1:
        return np.asarray(np.einsum("...l,lxi->...xi", x, _like(masks[0], x)))
    rows = np.einsum("...hw,hxi->...xiw", x, _like(masks[0], x))
    return np.asarray(np.einsum("...xiw,wyj->...xyij", rows, _like(masks[1], x)))


def folded(x: Array, masks: Sequence[Array]) -> Array:
    """The transpose: entries of windows added up where they came from."""
    if len(masks) == 1:
        return np.asarray(np.einsum("...xi,lxi->...l", x, _like(masks[0], x)))
    rows = np.einsum("...xyij,wyj->...xiw", x, _like(masks[1], x))
    return np.asarray(np.einsum("...xiw,hxi->...hw", rows, _like(masks[0], x)))


def _like(mask: Array, x: Array) -> Any:
    """A mask in the numbers that the array has: whole ones may be larger than any float."""
    return mask.astype(int).astype(x.dtype)


def multiple(sizes: Sizes, size: Size, by: Size) -> Size | None:
    """A size as so many times another: what is left of it, or None where there is a rest."""
    if int(size.value) % int(by.value):
        return None
    return sizes.divide(size, by) or sizes.literal(int(size.value) // int(by.value))
