"""How sums of products are written as code."""

from __future__ import annotations

from gradcli.ops.coding import Site
from gradcli.ops.core import Spelling, infix
from gradcli.sizes import ATOM, POSTFIX, PRODUCT, is_one


def product(site: Site) -> Spelling:
    """A matrix product. One matrix with many columns is one product, with the columns as rows."""
    shapes = site.signature.shapes
    column = len(shapes[1]) == 2 and is_one(shapes[1][1])
    if site.batched == (False, True) and len(shapes[0]) == 2 and column:
        text = "({1}[..., 0] @ {0}.T)[..., None]"
        return Spelling(text, POSTFIX, (POSTFIX, POSTFIX))
    return infix("@", PRODUCT)


def product_numpy(site: Site) -> Spelling:
    """With a column or a row `dot` is quicker: it hands them to BLAS as they are."""
    shapes = site.signature.shapes
    flat = all(len(shape) == 2 for shape in shapes) and not site.front
    if flat and any(map(is_one, (*shapes[0], *shapes[1]))):
        return Spelling("{xp}.dot({0}, {1})")
    return product(site)


def product_summed(site: Site) -> Spelling | None:
    """Σ A[t] @ B[t] as one product, where both have the one axis in front."""
    shapes = site.signature.shapes
    if site.batched != (True, True) or len(site.front) != 1 or any(len(s) != 2 for s in shapes):
        return None
    if is_one(shapes[0][1]):
        return Spelling("{0}[..., 0].T @ {1}[..., 0, :]", PRODUCT, (POSTFIX, POSTFIX))
    return Spelling("{xp}.tensordot({0}, {1}, ([0, 2], [0, 1]))")


def scalar_product(site: Site) -> Spelling:
    if site.front or is_one(site.signature.shapes[0][0]):
        return Spelling(
            "({0} * {1}).sum(axis=(-2, -1), keepdims=True)", POSTFIX, (PRODUCT, POSTFIX)
        )
    return Spelling("{0}.T @ {1}", PRODUCT, (POSTFIX, POSTFIX))


def outer_product(site: Site) -> Spelling:
    if site.front:
        return Spelling("{0} @ {xp}.swapaxes({1}, -1, -2)", PRODUCT, (PRODUCT, 0))
    return Spelling("{0} @ {1}.T", PRODUCT, (PRODUCT, POSTFIX))


def diagonal(site: Site) -> Spelling:
    shape = site.signature.shapes[0]
    if is_one(shape[1]):
        return Spelling(
            f"{{0}} * {{xp}}.eye({site.size(shape[0])}, dtype=bool)", PRODUCT, (PRODUCT,)
        )
    return Spelling("{xp}.diagonal({0}, axis1=-2, axis2=-1)[..., None]", POSTFIX)


def diagonal_torch(site: Site) -> Spelling:
    shape = site.signature.shapes[0]
    if is_one(shape[1]):
        return Spelling("{xp}.diag_embed({0}[..., 0])", ATOM, (POSTFIX,))
    return Spelling("{xp}.diagonal({0}, dim1=-2, dim2=-1)[..., None]", POSTFIX)
