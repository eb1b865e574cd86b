"""How entries that move are written as code: turned, joined, taken, padded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from gradcli.ops.coding import Site, between
from gradcli.ops.core import Spelling
from gradcli.ops.parts import Part, Region, kept_shape
from gradcli.sizes import ATOM, POSTFIX, SUM, Size


def transposed(site: Site) -> Spelling:
    if site.rank == 2:
        if site.front:
            return Spelling("{xp}.swapaxes({0}, -1, -2)")
        return Spelling("{0}.T", POSTFIX, (POSTFIX,))
    lead = len(site.front)
    order = (*range(lead), *reversed(range(lead, lead + site.rank)))
    return Spelling(f"{{xp}}.transpose({{0}}, {order})")


def permuted(site: Site) -> Spelling:
    if site.rank == 2:
        return Spelling("{0}.mT" if site.front else "{0}.T", POSTFIX, (POSTFIX,))
    lead = len(site.front)
    order = (*range(lead), *reversed(range(lead, lead + site.rank)))
    return Spelling(f"{{0}}.permute({order})", POSTFIX, (POSTFIX,))


def together(site: Site) -> str:
    """The operands as one tuple; those without the axes in front are given them."""
    texts = []
    for k, shape in enumerate(site.signature.shapes):
        lacks = site.front and not site.batched[k]
        texts.append(f"{{xp}}.broadcast_to({{{k}}}, {site.dims(shape)})" if lacks else f"{{{k}}}")
    return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"


def joined(axis: str) -> Callable[[Site], Spelling]:
    def template(site: Site) -> Spelling:
        k = site.signature.attrs.get("axis", 0) - site.rank
        if k == -site.rank and not site.front:
            return Spelling(f"{{xp}}.concatenate({together(site)})")
        return Spelling(f"{{xp}}.concatenate({together(site)}, {axis}={k})")

    return template


def stacked(axis: str) -> Callable[[Site], Spelling]:
    def template(site: Site) -> Spelling:
        k = site.signature.attrs["axis"] - site.rank - 1
        return Spelling(f"{{xp}}.stack({together(site)}, {axis}={k})")

    return template


def reshaped(site: Site) -> Spelling:
    return Spelling(f"{{0}}.reshape{site.dims(site.shape)}", POSTFIX, (POSTFIX,))


def stretched_to(site: Site) -> Spelling:
    more = len(site.shape) - site.rank
    inner = "{0}"
    if more and site.front:
        ones = (site.signature.sizes.constant(1),) * more
        inner = f"{{0}}.reshape{site.dims((*ones, *site.signature.shapes[0]))}"
    return Spelling(f"{{xp}}.broadcast_to({inner}, {site.dims(site.shape)})", ATOM, (POSTFIX,))


def taken(site: Site) -> Spelling:
    """A region: a single index keeps its axis at rank 2 and drops it above."""
    parts = ["..."] if site.front else []
    drops = len(site.spans) > 2
    left = 0
    for start, run, single, whole in site.spans:
        left += not (single and drops)
        if whole:
            parts.append(":")
        elif single and drops:
            parts.append(start)
        else:
            parts.append(run)
    parts += ["None"] * (2 - left)
    while len(parts) > 1 and parts[-1] == ":" and not site.front:
        parts.pop()
    return Spelling(f"{{0}}[{', '.join(parts)}]", POSTFIX, (POSTFIX,))


def regions(site: Site) -> dict[str, str]:
    """Where the operands of a scatter go, for its forward function."""
    places = []
    for region in site.signature.attrs["regions"]:
        ends = (f"slice({', '.join(site.size(e) for e in _ends(p))})" for p in region)
        places.append(f"({', '.join(ends)})")
    shape = site.signature.attrs["shape"]
    return {
        "slices": f"({', '.join(places)},)",
        "ranks": repr(tuple(map(len, site.signature.shapes))),
        "shape": f"({', '.join(map(site.size, shape))})",
    }


def _ends(part: Part) -> tuple[Size, ...]:
    return (part.start, part.stop, part.step) if part.step else (part.start, part.stop)


def padded(site: Site) -> Spelling:
    """A scatter as a sum of arrays with zeros around: nothing is filled in place."""
    return _padded(site, "{xp}.pad", "", lambda ends: ", ".join(f"({a}, {b})" for a, b in ends))


def padded_torch(site: Site) -> Spelling:
    """PyTorch's `pad` has the ends of all axes in one row, the last axis first."""
    flat = "{xp}.nn.functional.pad"
    return _padded(
        site, flat, ".to({like})", lambda ends: ", ".join(f"{a}, {b}" for a, b in reversed(ends))
    )


Ends: TypeAlias = list[tuple[str, str]]


def _padded(site: Site, pad: str, kind: str, written: Callable[[Ends], str]) -> Spelling:
    sizes, shape = site.signature.sizes, site.signature.attrs["shape"]
    terms = []
    for k, region in enumerate(site.signature.attrs["regions"]):
        lengths = kept_shape(sizes, region)
        front = site.front if site.batched[k] else ()
        dims = ", ".join((*front, *map(site.size, lengths)))
        if any(part.step for part in region):
            terms.append(_spaced(site, k, region, f"{{{k}}}.reshape({dims})", kind))
            continue
        ends = [("0", "0") for _ in front]
        for part, size in zip(region, shape, strict=True):
            ends.append((site.size(part.start), site.size(sizes.add(size, part.stop, -1))))
        terms.append(f"{pad}({{{k}}}.reshape({dims}), ({written(ends)}))")
    return Spelling(" + ".join(terms), SUM, (POSTFIX,) * len(terms))


def _spaced(site: Site, k: int, region: Region, operand: str, kind: str) -> str:
    """Entries with zeros between: a product along each axis with the rows of an identity.

    kind: what makes an array one of the kind that is computed with.
    """
    shape = site.signature.attrs["shape"]
    letters = "abcdefgh"[: len(shape)]
    dots = "..." if site.front and site.batched[k] else ""
    terms, operands, result = [dots + letters], [operand], dots
    for letter, part, size in zip(letters, region, shape, strict=True):
        if part.whole:
            result += letter
            continue
        rows = between(*map(site.size, _ends(part)))
        terms.append(letter + letter.upper())
        operands.append(f"{{xp}}.eye({site.size(size)})[{rows}]{kind}")
        result += letter.upper()
    return f'{{xp}}.einsum("{",".join(terms)}->{result}", {", ".join(operands)})'


def kronecker(site: Site) -> Spelling:
    text = '{xp}.einsum("...ij,...kl->...ikjl", {0}, {1})'
    return Spelling(f"{text}.reshape{site.dims(site.shape)}", POSTFIX)


def crossed(template: str) -> Callable[[Site], Spelling]:
    """A vector product along an axis."""

    def of(site: Site) -> Spelling:
        axis = site.signature.attrs["axis"] - site.rank
        return Spelling(template.replace("AXIS", str(axis)))

    return of
