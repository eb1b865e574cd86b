"""einsum as code: NumPy's matrix products where it is one, for these go to BLAS and it does not."""

from __future__ import annotations

from collections.abc import Sequence

from gradcli.ops.coding import Site
from gradcli.ops.core import Spelling
from gradcli.ops.subscripts import subscripts
from gradcli.record import Record
from gradcli.sizes import POSTFIX, PRODUCT


class Product(Record):
    """Two operands' axes by what becomes of them, in the order in which they stand.

    shared: in both and in the result. summed: in both alone. left, right: in the result and in one.
    """

    shared: str
    summed: str
    left: str
    right: str


def multiplied(site: Site) -> Spelling:
    """One product of two matrices or stacks of them, where the axes are those of one."""
    inputs, result = subscripts(site.signature.attrs["subscripts"])
    found = _product(inputs, result) if len(inputs) == 2 and len(result) > 1 else None
    if found is not None:
        if found.shared:
            made = _stacked(found, inputs, result)
        else:
            made = None if site.front else _joined(found, inputs, result)
        if made is not None:
            return made
    return contracted(site)


def contracted(site: Site) -> Spelling:
    """The sum of products itself: what stands in one operand alone is summed by it as well."""
    inputs, result = subscripts(site.signature.attrs["subscripts"])
    dots = "..." if site.front else ""
    terms = ",".join(dots + term for term in inputs)
    text = f'{{xp}}.einsum("{terms}->{dots}{result}", {{,}})'
    if len(result) < 2:
        text += f"[..., {', '.join(['None'] * (2 - len(result)))}]"
    return Spelling(text, POSTFIX)


def _product(inputs: Sequence[str], result: str) -> Product | None:
    a, b = inputs
    if any(len(set(term)) != len(term) for term in inputs) or set(a + b) - set(result) - (
        set(a) & set(b)
    ):
        return None
    return Product(
        "".join(c for c in a if c in b and c in result),
        "".join(c for c in a if c in b and c not in result),
        "".join(c for c in a if c not in b),
        "".join(c for c in b if c not in a),
    )


def _joined(found: Product, inputs: Sequence[str], result: str) -> Spelling | None:
    """No axis is shared: `tensordot` makes one product of two matrices of it."""
    if not found.summed:
        return None
    axes = [[term.index(c) for c in found.summed] for term in inputs]
    if result == found.left + found.right:
        order, (first, second) = "{0}, {1}", axes
    elif result == found.right + found.left:
        order, (second, first) = "{1}, {0}", axes
    else:
        return None
    return Spelling(f"{{xp}}.tensordot({order}, ({first}, {second}))", POSTFIX)


def _stacked(found: Product, inputs: Sequence[str], result: str) -> Spelling | None:
    """The axes in front are shared, the last two are those of a product of matrices."""
    front = len(found.shared)
    if len(found.summed) != 1 or len(found.left) != 1 or len(found.right) != 1:
        return None
    if any(term[:front] != found.shared for term in (*inputs, result)):
        return None
    first, second = (1, 0) if result[front] == found.right else (0, 1)
    k, i, j = found.summed, result[front], result[front + 1]
    texts, needs = {}, {first: PRODUCT, second: POSTFIX}
    for number, wanted in ((first, i + k), (second, k + j)):
        texts[number] = f"{{{number}}}"
        if inputs[number][front:] != wanted:
            texts[number] = f"{{xp}}.swapaxes({{{number}}}, -1, -2)"
            needs[number] = 0
    return Spelling(f"{texts[first]} @ {texts[second]}", PRODUCT, (needs[0], needs[1]))
