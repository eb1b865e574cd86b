"""How an operation is written as code: the templates that the entries of the table state.

A template has {0}, {1} … for the operands, {,} for all of them, {xp} for the library and {like} for
an array of the kind that is computed with. What depends on shapes is a function of `Site`. All of
them work on arrays with axes in front. A target without a template of its own has NumPy's; what
has none there either is called by its forward function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from gradcli.ops.axes import from_end
from gradcli.ops.core import Signature, Spelling, infix
from gradcli.ops.parts import Part, Region, kept_shape
from gradcli.record import Record
from gradcli.sizes import ATOM, POSTFIX, PRODUCT, SUM, Shape, Size, is_one

NUMPY, TORCH, JAX, PYTHON = "numpy", "torch", "jax", "python"
CALLED = "called"  # the keyword arguments of its forward function, where they have sizes
SUMMED = "summed"  # a template for NumPy, JAX and torch alike


class Site(Record):
    """An operation where it is written: all that a template may depend on but the operands.

    shape: the result's, without the axes in front. front: the sizes of these, as code. size: a size
    as code. spans: of an index, for each axis its first entry, the part that is taken as a slice,
    and whether that is one entry or all of it.
    batched, numbers: which operands have the axes in front, which are plain numbers.
    summed: whether the result is to be summed over these axes; a template that can't is None.
    """

    signature: Signature
    shape: Shape
    front: tuple[str, ...]
    size: Callable[[Size], str]
    spans: tuple[tuple[str, str, bool, bool], ...] = ()
    batched: tuple[bool, ...] = ()
    numbers: tuple[bool, ...] = ()
    summed: bool = False

    @property
    def rank(self) -> int:
        return self.signature.rank

    def dims(self, shape: Sequence[Size]) -> str:
        """A shape with the axes in front, as code."""
        return f"({', '.join((*self.front, *map(self.size, shape)))})"

    def axes(self) -> str:
        """The axes of a reduction, from the end."""
        found = from_end(self.signature.attrs["axis"], self.rank)
        return str(found[0] if len(found) == 1 else found)


Template: TypeAlias = str | Spelling | Callable[[Site], Spelling]


def called(name: str, python: str = "", **others: Template) -> dict[str, Any]:
    """A function of the library, and of Python's own `math`."""
    found: dict[str, Any] = {NUMPY: Spelling(f"{{xp}}.{name}({{0}})"), **others}
    if python:
        found[PYTHON] = Spelling(f"{python}({{0}})")
    return found


def templates(**texts: str | Spelling | Callable[[Site], Spelling]) -> dict[str, Any]:
    """Templates by target; a text is a call or a name."""
    return {k: Spelling(v) if isinstance(v, str) else v for k, v in texts.items()}


def chosen(number: str = "{1}") -> Callable[[Site], Spelling]:
    """One of two values by a condition.

    number: the first of two plain numbers, which alone do not say what precision is meant.
    """

    def of(site: Site) -> Spelling:
        first = number if all(site.numbers[1:]) else "{1}"
        return Spelling(f"{{xp}}.where({{0}} != 0, {first}, {{2}})", ATOM, (SUM, 0, 0))

    return of


# ── reductions ──


def method(name: str, torch: str = "", **others: Any) -> dict[str, Any]:
    """A method that reduces along axes and keeps them."""

    def numpy(site: Site) -> Spelling:
        return kept(site, f"{{0}}.{name}(axis={site.axes()}, keepdims=True)")

    def of_torch(site: Site) -> Spelling:
        return kept(site, f"{{0}}.{torch or name}(dim={site.axes()}, keepdim=True)")

    return {NUMPY: numpy, TORCH: of_torch, **others}


def kept(site: Site, template: str) -> Spelling:
    """A reduction that keeps its axes, as a scalar where all are gone: that has two axes."""
    if site.signature.attrs["axis"] is None and site.rank > 2:
        template += f"[..., {', '.join('0' * (site.rank - 2))}, :, :]"
    return Spelling(template, POSTFIX, (POSTFIX,))


def along(template: str, binding: int = ATOM, whole: bool = False) -> Callable[[Site], Spelling]:
    """A function that takes the axes of a reduction and keeps them. whole: the shape stays."""

    def of(site: Site) -> Spelling:
        text = template.replace("AXES", site.axes())
        return Spelling(text, binding, (POSTFIX,)) if whole else kept(site, text)

    return of


def in_torch(name: str) -> Callable[[Site], Spelling]:
    """A normalisation, which takes one axis there: over all, of the entries in a row."""

    def of(site: Site) -> Spelling:
        if site.signature.attrs["axis"] is not None:
            return Spelling(f"{{xp}}.{name}({{0}}, {site.axes()})")
        flat = f"{{0}}.flatten(-{site.rank})" if site.rank > 1 else "{0}"
        text = f"{{xp}}.{name}({flat}, -1).reshape({{0}}.shape)"
        return Spelling(text, POSTFIX, (POSTFIX,))

    return of


def one_by_one(method: str) -> Callable[[Site], Spelling]:
    """A reduction that takes one axis at a time."""

    def template(site: Site) -> Spelling:
        axes = from_end(site.signature.attrs["axis"], site.rank)
        return kept(site, "{0}" + "".join(f".{method}(dim={k}, keepdim=True)" for k in axes))

    return template


def spread(template: str) -> Callable[[Site], Spelling]:
    """A variance, which says how many entries less it divides by."""

    def of(site: Site) -> Spelling:
        ddof = str(site.signature.attrs["ddof"])
        return kept(site, template.replace("AXES", site.axes()).replace("DDOF", ddof))

    return of


FIRST_TORCH = (
    "{xp}.nn.functional.one_hot({xp}.ARG({0}, AXIS), {0}.shape[AXIS]).movedim(-1, AXIS)"
    ".to({0}.dtype)"
)
FIRST_JAX = "jax.nn.one_hot({xp}.ARG({0}, AXIS), {0}.shape[AXIS], dtype={0}.dtype, axis=AXIS)"


def first_of(arg: str, template: str, move: str) -> Callable[[Site], Spelling]:
    """A mask of the first entry that an argmax finds, along axes or among all.

    move: the library's function that puts axes elsewhere.
    """

    def of(site: Site) -> Spelling:
        text = template.replace("ARG", arg)
        axes = from_end(site.signature.attrs["axis"], site.rank)
        if len(axes) == 1:
            return Spelling(text.replace("AXIS", str(axes[0])), POSTFIX, (POSTFIX,))
        ends = tuple(range(-len(axes), 0))
        shape = site.signature.shapes[0]
        rest = tuple(size for k, size in enumerate(shape) if k - site.rank not in axes)
        moved = (*rest, *(shape[axis] for axis in axes))
        last = axes == ends
        inner = "{0}" if last else f"{{xp}}.{move}({{0}}, {axes}, {ends})"
        rows = ", ".join((*site.front, *map(site.size, rest), "-1"))
        flat = text.replace("{0}", f"{inner}.reshape(({rows},))").replace("AXIS", "-1")
        found = f"{flat}.reshape{site.dims(moved)}"
        if last:
            return Spelling(found, POSTFIX, (POSTFIX,))
        return Spelling(f"{{xp}}.{move}({found}, {ends}, {axes})", ATOM, (POSTFIX,))

    return of


# ── shaping ──


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


def between(start: str, stop: str, step: str = "") -> str:
    """A slice, with spaces where its ends are more than a name or a number."""
    start = "" if start == "0" else start
    ends = (start, stop, step) if step else (start, stop)
    simple = all(end.lstrip("-").replace("_", "").isalnum() or not end for end in ends)
    return (":" if simple else " : ").join(ends).strip()


def filled(name: str) -> dict[str, Any]:
    return {
        NUMPY: lambda site: Spelling(f"{{xp}}.{name}({site.dims(site.shape)}, {{like}})"),
        TORCH: lambda site: Spelling(f"{{like}}.new_{name}({site.dims(site.shape)})"),
        JAX: lambda site: Spelling(f"{{xp}}.{name}({site.dims(site.shape)}, {{like}}.dtype)"),
    }


def identity(site: Site) -> Spelling:
    return Spelling(f"{{xp}}.eye({site.size(site.shape[0])}, dtype={{like}})")


def identity_of(site: Site) -> Spelling:
    return Spelling(f"{{xp}}.eye({site.size(site.shape[0])}, dtype={{like}}.dtype)")


def identity_like(site: Site) -> Spelling:
    text = f"{{xp}}.eye({site.size(site.shape[0])}, dtype={{like}}.dtype"
    return Spelling(f"{text}, device={{like}}.device)")


def counted(site: Site) -> Spelling:
    return Spelling(f"{{xp}}.arange({site.size(site.shape[0])}, dtype={{like}})[:, None]", POSTFIX)


def counted_like(site: Site) -> Spelling:
    kept = "dtype={like}.dtype, device={like}.device"
    return Spelling(f"{{xp}}.arange({site.size(site.shape[0])}, {kept})[:, None]", POSTFIX)


def counted_of(site: Site) -> Spelling:
    text = f"{{xp}}.arange({site.size(site.shape[0])}, dtype={{like}}.dtype)"
    return Spelling(f"{text}[:, None]", POSTFIX)


def literal(site: Site) -> Spelling:
    text = f"{{xp}}.array({_nested(site)}, {{like}})"
    return Spelling(f"{text}.reshape{site.dims(site.shape)}", POSTFIX)


def literal_like(site: Site) -> Spelling:
    return Spelling(f"{{like}}.new_tensor({_nested(site)}).reshape{site.dims(site.shape)}", POSTFIX)


def literal_of(site: Site) -> Spelling:
    text = f"{{xp}}.array({_nested(site)}, {{like}}.dtype)"
    return Spelling(f"{text}.reshape{site.dims(site.shape)}", POSTFIX)


def _nested(site: Site) -> str:
    def text(data: Any) -> str:
        if isinstance(data, tuple):
            return f"[{', '.join(map(text, data))}]"
        return repr(float(data)).replace("inf", "1e999").replace("nan", "(1e999 - 1e999)")

    return text(site.signature.attrs["data"])


# ── sums of products ──


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


def contracted(site: Site) -> Spelling:
    """einsum: what stands in one operand alone is summed by it as well."""
    left, _, right = site.signature.attrs["subscripts"].replace(" ", "").partition("->")
    dots = "..." if site.front else ""
    terms = ",".join(dots + term for term in left.split(","))
    text = f'{{xp}}.einsum("{terms}->{dots}{right}", {{,}})'
    if len(right) < 2:
        text += f"[..., {', '.join(['None'] * (2 - len(right)))}]"
    return Spelling(text, POSTFIX)


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


def compared(symbol: str) -> dict[str, Any]:
    """A mask of 0 and 1 in the numbers' own type."""
    return {
        NUMPY: Spelling(f"({{0}} {symbol} {{1}}).astype({{like}})", POSTFIX, (SUM, SUM)),
        TORCH: Spelling(f"({{0}} {symbol} {{1}}).to({{like}}.dtype)", POSTFIX, (SUM, SUM)),
        JAX: Spelling(f"({{0}} {symbol} {{1}}).astype({{like}}.dtype)", POSTFIX, (SUM, SUM)),
        PYTHON: Spelling(f"float({{0}} {symbol} {{1}})", ATOM, (SUM, SUM)),
    }
