"""Sizes in a module: read from the shapes of arrays, and checked."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Container, Iterator, Sequence

from gradcli.codegen.numpy_ import Names
from gradcli.emit.arithmetic import divisor, size_code
from gradcli.emit.languages import Language
from gradcli.emit.layout import WIDTH, looped, raised
from gradcli.emit.passes import Passes, Quantity
from gradcli.foreign import docstring
from gradcli.nests.nest import Axis, variables
from gradcli.sizes import Shape, Size, is_scalar

RESERVED = {
    "np",
    "torch",
    "jax",
    "jnp",
    "itertools",
    "math",
    "model",
    "carry",
    "forward",
    "backward",
    "saved",
    "outputs",
    "grads",
    "name",
    "array",
    "shape",
    "kind",
}
PACKING = {"pack", "packed", "weights"}  # the words of a module that packs
FEW = 4  # arrays whose shapes are compared one by one: that is quicker than a loop over them
FAR = 1_000  # what an array costs that is only looked at where no other tells a size


class Bounds:
    """Writes what has to do with sizes.

    missing: the dims that no array tells.
    """

    def __init__(self, found: Passes, language: Language) -> None:
        self.passes = found
        self.language = language
        self.sizes = found.forward.sizes
        self.names = Names(RESERVED | (PACKING if found.packed else set()))
        self.missing: list[str] = []
        self.variables = {
            loop.variable
            for nest in (found.forward, found.backward)
            for equation in nest.equations
            for loop in equation.loops
        }

    def naming(self, name: str) -> str:
        if name.startswith("d/"):
            return self.names(name, f"d{name[2:].partition('//')[0]}")
        return self.names(name, name.partition("//")[0].replace("/", ""))

    def part(self, axes: Sequence[Axis], whole: Sequence[Axis]) -> str:
        parts = []
        one = self.sizes.constant(1)
        for own, every in zip(axes, whole, strict=True):
            low = self.sizes.add(own.first, every.first, -1)
            high = self.sizes.add(self.sizes.add(own.last, every.first, -1), one)
            start = self.size(low)
            end = "" if own.last is every.last else self.size(high)
            parts.append(f"{'' if start == '0' else start}:{end}")
        return ", ".join(parts)

    def size(self, size: Size) -> str:
        from gradcli.emit.arithmetic import size_code

        return size_code(size, self.naming)[0]

    def shape(self, axes: Sequence[Axis], shape: Shape) -> str:
        texts = [self.size(self.length(axis)) for axis in axes]
        return f"({', '.join([*texts, *map(self.size, shape)])})"

    def length(self, axis: Axis) -> Size:
        gap = self.sizes.add(axis.last, axis.first, -1)
        return self.sizes.add(gap, self.sizes.constant(1))

    def bound(
        self,
        arrays: Sequence[tuple[str, Sequence[Axis], Shape]],
        lines: Sequence[str],
        trusted: Collection[str] = (),
    ) -> Iterator[str]:
        """The dims that lines of code need, from the shapes of arrays: of trusted ones first."""
        words = set(re.findall(r"(?<![.\w])\w+", "\n".join(lines)))  # and not the T of x.T
        names = {self.naming(dim): dim for dim in self.sizes.dims}
        wanted = [dim for name, dim in names.items() if name in words and dim not in self.variables]
        known: set[str] = set()
        found: list[tuple[str, str]] = []
        while left := [dim for dim in wanted if dim not in known]:
            sources = [
                (source, dim)
                for dim in left
                if (source := self.source(dim, arrays, known, trusted))
            ]
            if not sources:
                more = {dim for d in left for dim in self.beside(d, arrays)} - set(wanted)
                if more:
                    wanted += sorted(more)
                    continue
                break
            (_, text), dim = min(sources)
            known.add(dim)
            found.append((self.naming(dim), text))
        self.missing = [dim for dim in wanted if dim not in known]
        one = f"    {', '.join(n for n, _ in found)} = {', '.join(text for _, text in found)}"
        if len(one) <= WIDTH and all(re.fullmatch(r"\w+\.shape\S+", text) for _, text in found):
            yield from [one] if found else []
        else:
            yield from (f"    {name} = {text}" for name, text in found)

    def beside(self, dim: str, arrays: Sequence[tuple[str, Sequence[Axis], Shape]]) -> set[str]:
        """The dims that stand with one in the sizes of arrays."""
        return {
            name
            for _, axes, shape in arrays
            for size in (*shape, *(self.length(axis) for axis in axes))
            if dim in variables(size)
            for name in variables(size)
        }

    def source(
        self,
        dim: str,
        arrays: Sequence[tuple[str, Sequence[Axis], Shape]],
        known: Container[str],
        trusted: Collection[str] = (),
    ) -> tuple[int, str] | None:
        """A dim from an array's shape and the dims that are known, and how far-fetched that is."""
        best: tuple[int, str] | None = None
        for name, axes, shape in arrays:
            every = [*(self.length(axis) for axis in axes), *shape]
            for k, size in enumerate(every):
                rest = self.sizes.add(self.sizes.dims[dim], size, -1)
                if any(name not in known for name in variables(rest)):
                    continue
                at, cost = (k, 0) if k == 0 else (-1, 1) if k == len(every) - 1 else (k, 2)
                text = f"{self.language.shape(name)}[{at}]"
                if rest.terms:
                    more = self.size(rest)
                    text += f" - {more[1:]}" if more.startswith("-") else f" + {more}"
                    cost += 3 + len(rest.terms)
                if trusted and name not in trusted:
                    cost += FAR
                if best is None or cost < best[0]:
                    best = cost, text
        return best

    def scalars(self, quantities: Sequence[Quantity], like: str | None) -> Iterator[str]:
        """A scalar may be a plain number; then it gets the precision of another array, `like`."""
        for q in quantities:
            if is_scalar(q.shape) and not q.axes:
                name = self.naming(q.name)
                yield f"    {name} = {self.language.scalar(name, like)}"

    def ranks(self, quantities: Sequence[Quantity], bound: Sequence[str]) -> Iterator[str]:
        """That the arrays from which sizes are read have as many axes as they should."""
        read = set().union(*re.findall(r"(\w+)\.shape|_shape\((\w+)\)", "\n".join(bound)))
        rows = [
            f'("{docstring(q.name)}", {name}, {len(q.axes) + len(q.shape)})'
            for q in quantities
            if (name := self.naming(q.name)) in read
        ]
        if rows:
            yield from looped("name, array, axes", rows)
            yield f"        if {self.language.rank('array')} != axes:"
            text = f"{{name}} has shape {{{self.language.shape('array')}}}, not {{axes}} axes"
            yield f'            raise ValueError(f"{text}")'

    def checks(self, quantities: Sequence[tuple[str, str, Quantity]]) -> Iterator[str]:
        wanted = [
            (label, name, self.shape(q.axes, q.shape))
            for label, name, q in quantities
            if q.axes or not is_scalar(q.shape)
        ]
        if len(wanted) <= FEW:
            for label, name, shape in wanted:
                text = docstring(label).replace("{", "{{").replace("}", "}}")
                got = self.language.shape(name)
                yield f"    if {got} != {shape}:"
                yield from raised(f'f"{text} has shape {{{got}}}, not {{{shape}}}"')
            return
        texts = [docstring(label) for label, _, _ in wanted]
        rows = [
            f'("{text}", {name}, {shape})'
            for text, (_, name, shape) in zip(texts, wanted, strict=True)
        ]
        yield from looped("name, array, shape", rows)
        got = self.language.shape("array")
        yield f"        if {got} != shape:"
        yield f'            raise ValueError(f"{{name}} has shape {{{got}}}, not {{shape}}")'

    def quotients(self) -> Iterator[str]:
        """Sizes that are quotients, of a slice with steps say, are so where nothing is left."""
        below: dict[str, int] = {}
        for nest in (self.passes.forward, self.passes.backward):
            for size in (size for shape in nest.shapes.values() for size in shape):
                number, _ = divisor(size)
                if number > 1:
                    whole = self.sizes.multiply(size, self.sizes.constant(number))
                    below[size_code(whole, self.naming)[0]] = number
        for text, number in below.items():
            yield f"    if ({text}) % {number}:"
            yield f'        raise ValueError("{text} is no multiple of {number}, as it is here")'

    # ── what is said of them ──

    def docstring(
        self,
        first: str,
        title: str,
        quantities: Sequence[Quantity],
        results: Sequence[Quantity],
        more: str = "",
    ) -> Iterator[str]:
        yield f'    """{first}'
        yield ""
        if quantities:
            yield from self.listed(title, quantities, more)
        yield from self.listed("Returned", results)
        yield '    """'

    def listed(self, title: str, quantities: Sequence[Quantity], more: str = "") -> Iterator[str]:
        texts = [
            f"{docstring(q.name)} {self.shape(q.axes, q.shape)}".replace(" ", "\0")
            for q in quantities
        ]
        text = f"{title}: {', '.join(texts)}{more}."
        for line in textwrap.wrap(text, WIDTH - 8, break_long_words=False, break_on_hyphens=False):
            yield "    " + line.replace("\0", " ")
