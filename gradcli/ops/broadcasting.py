"""Broadcasting: the common shape of operands, compared as symbols, and why there is none."""

from __future__ import annotations

from collections.abc import Sequence

from gradcli.ops.mismatch import Mismatch
from gradcli.sizes import Shape, Size, Sizes, is_one, is_scalar, same, spell


def broadcast_shapes(sizes: Sizes, shapes: Sequence[Shape]) -> Shape:
    """The common shape of elementwise operands, compared as symbols. Raises Mismatch."""
    rank = max(len(shape) for shape in shapes)
    result: list[Size] = []
    for axis in range(-rank, 0):
        size: Size | None = None
        owner = 0
        for i, shape in enumerate(shapes):
            if len(shape) < -axis or is_one(shape[axis]):
                continue
            if size is None:
                size, owner = shape[axis], i
                continue
            both = same(size, shape[axis])
            if both is None:
                raise _differ(shapes, owner, i, size, shape[axis])
            size = both
        result.append(size or sizes.constant(1))
    return tuple(result)


def _differ(shapes: Sequence[Shape], i: int, j: int, a: Size, b: Size) -> Mismatch:
    first, second = shapes[i], shapes[j]
    hint = None
    if len(first) == 2 and len(second) == 2:
        if all(same(x, y) for x, y in zip(first, second[::-1], strict=True)):
            hint = f"did you mean {{{j}}}.T?"
        elif same(first[1], second[0]) and len(shapes) == 2:
            hint = "`@` is the matrix product"
            if is_one(second[1]):
                hint += f"; beside each row stands {{{j}}}.T, or a row, [1, {second[0].text}]"
    if hint is None and a.value == b.value and a.is_constant != b.is_constant:
        number, named = (a, b) if a.is_constant else (b, a)
        hint = f"where {number.text} is declared, write {named.text}"
    return Mismatch(
        f"{{{i}}} is {spell(first)} and {{{j}}} is {spell(second)}: {differ(a, b)}", hint
    )


def differ(a: Size, b: Size) -> str:
    """Why two sizes are not one."""
    if a.value != b.value:
        if a.text == str(a.value) and b.text == str(b.value):
            return f"{a.text} is not {b.text}"
        return f"{_worth(a)} is not {_worth(b)}"
    return f"{a.text} and {b.text} are different sizes, though both are {a.value} here"


def _worth(size: Size) -> str:
    return size.text if size.text == str(size.value) else f"{size.text} = {size.value}"


def stretched_both_ways(shapes: Sequence[Shape], result: Shape) -> bool:
    """Whether each of two operands is stretched by the other, as a column and a row are."""
    if len(shapes) != 2 or any(is_scalar(shape) for shape in shapes):
        return False
    return all(
        any(
            not is_one(size) and (len(shape) < -axis or is_one(shape[axis]))
            for axis, size in zip(range(-len(result), 0), result, strict=True)
        )
        for shape in shapes
    )
