"""einsum as NumPy's matrix products where it is one: these go to BLAS, `np.einsum` loops itself."""

from __future__ import annotations

from gradcli.ops.coding import Site
from gradcli.ops.core import Spelling
from gradcli.ops.product_code import contracted
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
    terms, _, result = site.signature.attrs["subscripts"].replace(" ", "").partition("->")
    inputs = terms.split(",")
    found = _product(inputs, result) if len(inputs) == 2 and len(result) > 1 else None
    if found is not None:
        if found.shared:
            made = _stacked(found, inputs, result)
        else:
            made = None if site.front else _joined(found, inputs, result)
        if made is not None:
            return made
    return contracted(site)


def _product(inputs: list[str], result: str) -> Product | None:
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


def _joined(found: Product, inputs: list[str], result: str) -> Spelling | None:
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


def _stacked(found: Product, inputs: list[str], result: str) -> Spelling | None:
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
