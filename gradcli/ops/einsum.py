"""einsum: sums of products over named axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradcli.expr import Expr, call
from gradcli.ops import along_lists
from gradcli.ops.broadcasting import differ
from gradcli.ops.coding import templates
from gradcli.ops.core import (
    BARE,
    EACH,
    RING,
    Array,
    Op,
    Pair,
    Signature,
    Spelling,
    register,
)
from gradcli.ops.einsum_code import contracted, multiplied
from gradcli.ops.flops import contraction
from gradcli.ops.subscripts import LETTERS, Subscripts, subscripts, wrong
from gradcli.sizes import ATOM, PRODUCT, SUM, Shape, Size, same, spell


def _einsum_sizes(s: Signature) -> tuple[Subscripts, dict[str, Size]]:
    parsed = subscripts(s.attrs["subscripts"])
    if len(parsed.inputs) != len(s.shapes):
        raise wrong(f"the subscripts name {len(parsed.inputs)} operands, not {len(s.shapes)}")
    found: dict[str, Size] = {}
    for i, (term, shape) in enumerate(zip(parsed.inputs, s.shapes, strict=True)):
        if len(term) != len(shape):
            hint = "a column is `ij`, with j of size 1" if len(term) == 1 else None
            raise wrong(f"`{term}` names {len(term)} axes, but {{{i}}} is {spell(shape)}", hint)
        for c, size in zip(term, shape, strict=True):
            both = same(found.setdefault(c, size), size)
            if both is None:
                raise wrong(f"`{c}` is {found[c].text} and {size.text}: {differ(found[c], size)}")
            found[c] = both
    return parsed, found


def _einsum_shape(s: Signature) -> Shape:
    parsed, found = _einsum_sizes(s)
    one = s.sizes.constant(1)
    return (*(found[c] for c in parsed.output), *(one,) * (2 - len(parsed.output)))


def _einsum(*xs: Array, subscripts: str, lone: tuple[tuple[int, ...], ...], rank: int) -> Array:
    """`lone` are each operand's axes that nothing else has. They are summed first: np.einsum would
    go through all letters of all operands at once.
    """
    summed = [np.sum(x, axis=axes) if axes else x for x, axes in zip(xs, lone, strict=True)]
    result = np.asarray(np.einsum(subscripts, *summed))
    return result.reshape((*result.shape, *(1,) * (2 - rank)))


def _einsum_static(s: Signature) -> dict[str, Any]:
    parsed = subscripts(s.attrs["subscripts"])
    letters = "".join(parsed.inputs) + parsed.output
    lone = tuple(
        tuple(i - len(term) for i, c in enumerate(term) if letters.count(c) == 1)
        for term in parsed.inputs
    )
    left = ["..." + "".join(c for c in term if letters.count(c) > 1) for term in parsed.inputs]
    dotted = f"{','.join(left)}->...{parsed.output}"
    return {"subscripts": dotted, "lone": lone, "rank": len(parsed.output)}


def _einsum_flops(s: Signature, shape: Shape) -> Size:
    """Each operand's lone axes are summed, then products over all letters that are left."""
    parsed, found = _einsum_sizes(s)
    letters = "".join(parsed.inputs) + parsed.output
    total, shared = s.sizes.constant(0), dict.fromkeys(parsed.output)
    for term, operand in zip(parsed.inputs, s.shapes, strict=True):
        left = tuple(found[c] for c in term if letters.count(c) > 1)
        total = s.sizes.add(total, contraction(s.sizes, 1, operand, left))
        shared.update(dict.fromkeys(c for c in term if letters.count(c) > 1))
    every = tuple(found[c] for c in shared)
    return s.sizes.add(total, contraction(s.sizes, len(parsed.inputs), every, shape))


def _einsum_vjp(s: Signature, g: Expr, y: Expr, *xs: Expr) -> Sequence[Expr | None]:
    """Swap the operand's subscripts with the output's.

    What only the operand has is spread by ones, a repeated letter along its diagonal by an
    identity.
    """
    parsed, found = _einsum_sizes(s)
    spare = [c for c in LETTERS if c not in found]
    padding = "".join(spare[: max(0, 2 - len(parsed.output))])
    spare = spare[len(padding) :]
    rules = []
    for k, term in enumerate(parsed.inputs):
        terms, operands, target = [parsed.output + padding], [g], ""
        for i, (other, x) in enumerate(zip(parsed.inputs, xs, strict=True)):
            if i != k:
                terms.append(other)
                operands.append(x)
        known = set("".join(terms))
        rest = list(spare)
        for c in term:
            if c in target:
                fresh = rest.pop(0)
                terms.append(c + fresh)
                operands.append(call("eye", size=found[c]))
                target += fresh
                continue
            if c not in known:
                terms.append(c + rest.pop(0))
                operands.append(call("ones", sizes=(found[c],)))
            target += c
        rules.append(call("einsum", *operands, subscripts=str(Subscripts(tuple(terms), target))))
    return rules


def _einsum_flip(s: Signature, pairs: Sequence[Pair]) -> Expr | None:
    parsed = subscripts(s.attrs["subscripts"])
    if len(parsed.output) < 2:
        return None  # a column would come out where a row should
    operands, terms = [], []
    for pair, term in zip(pairs, parsed.inputs, strict=True):
        swapped = pair.plain.is_transpose()  # a cotangent inside: take its own layout
        operands.append(pair.flipped if swapped else pair.plain)
        terms.append(term[::-1] if swapped else term)
    flipped = str(Subscripts(tuple(terms), parsed.output[::-1]))
    return call("einsum", *operands, subscripts=flipped)


def _einsum_latex(attrs: Mapping[str, Any]) -> Spelling:
    """The sum of products that an entry is, over the indices that the result lacks."""
    parsed = subscripts(attrs["subscripts"])
    over = ", ".join(c for c in dict.fromkeys("".join(parsed.inputs)) if c not in parsed.output)
    factors = [rf"{{{k}}}_{{{{{term}}}}}" for k, term in enumerate(parsed.inputs)]
    total = (rf"\sum_{{{{{over}}}}} " if over else "") + r" \, ".join(factors)
    needs = (BARE,) * len(factors)
    if not parsed.output:
        return Spelling(total, SUM if over else PRODUCT, needs)
    return Spelling(rf"\left[{total}\right]_{{{{{parsed.output}}}}}", ATOM, needs)


def _einsum_terms(s: Signature, book: Any, *xs: Any) -> Any:
    parsed, _ = _einsum_sizes(s)
    return book.product(list(xs), list(parsed.inputs), parsed.output, _einsum_shape(s))


register(
    Op(
        name="einsum",
        operands=("*xs",),
        attributes=("subscripts",),
        shape=_einsum_shape,
        forward=_einsum,
        vjp=_einsum_vjp,
        linear=EACH,
        flops=_einsum_flops,
        exact=RING,
        about="sums of products over named axes; a column is `ij`",
        cite="product rule, axis by axis (Laue, Mitterreiter & Giesen 2018)",
        text=Spelling("einsum"),
        latex=_einsum_latex,
        flip=_einsum_flip,
        terms=_einsum_terms,
        static=_einsum_static,
        group="shaping",
        code=templates(numpy=multiplied, torch=contracted, jax=contracted),
        lists=along_lists.einsum,
    )
)
