"""A model's passes as a module: its head, both functions, and what makes them the library's own."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from typing import NamedTuple

from gradcli.codegen.helpers import Helpers
from gradcli.codegen.numpy_ import Names
from gradcli.emit.arithmetic import size_code
from gradcli.emit.languages import LANGUAGES
from gradcli.emit.memory import Plan, planned, total
from gradcli.emit.passes import Passes, Quantity
from gradcli.emit.schedule import schedule
from gradcli.emit.stores import ARRAY, Store
from gradcli.emit.wrappers import wrapper
from gradcli.emit.writer import WIDTH, Writer
from gradcli.foreign import docstring
from gradcli.nests.adjoint import derivative
from gradcli.nests.nest import Axis, Nest, variables
from gradcli.ops.coding import CALLED, NUMPY, Site
from gradcli.ops.core import Call
from gradcli.sizes import Shape, Size, is_scalar
from gradcli.version import __version__

RESERVED = {
    "np",
    "torch",
    "jax",
    "jnp",
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
}


class Asked(NamedTuple):
    """What a module is written for.

    command: the one that writes it. plain: one operation a line. to: the target. memory: the most
    bytes that cut loops may take at the sizes `dims`; None for any number.
    """

    command: str
    plain: bool = False
    to: str = NUMPY
    memory: int | None = None
    dims: Mapping[str, int] = {}


class Module:
    """Writes a model's passes for NumPy."""

    def __init__(self, found: Passes, asked: Asked) -> None:
        self.passes = found
        self.asked = asked
        self.plain = asked.plain
        self.memory: list[str] = []
        self.sizes = found.forward.sizes
        self.helpers = Helpers(private=True)
        self.names = Names(RESERVED)
        self.language = LANGUAGES[asked.to](self.called, self.helpers.name)
        self.like = ""
        self.missing: list[str] = []
        self.kept: list[str] = []  # the dims that the backward pass needs and can't see
        self.variables = {
            loop.variable
            for nest in (found.forward, found.backward)
            for equation in nest.equations
            for loop in equation.loops
        }

    def called(self, call: Call, site: Site) -> str:
        """A call of an operation's own forward function, which stands in the module."""
        name = self.helpers.name(call.op.forward, f"_{call.op.name}")
        static = call.op.code[CALLED](site) if CALLED in call.op.code else call.static
        operands = ["{,}"] if call.signature.shapes else []
        return f"{name}({', '.join([*operands, *(f'{k}={v}' for k, v in static.items())])})"

    def naming(self, name: str) -> str:
        if name.startswith("d/"):
            return self.names(name, f"d{name[2:].partition('//')[0]}")
        return self.names(name, name.partition("//")[0].replace("/", ""))

    # ── the whole ──

    def text(self) -> str:
        for quantity in self.passes.inputs:
            self.names(quantity.name)
        for quantity in self.passes.given:
            self.naming(derivative(quantity.name))
        backward = list(self.backward())
        forward = list(self.forward())
        taken = ", ".join(self.memory)
        memory = f"Memory, for what leaves loops: {taken}." if taken else ""
        source = docstring(self.passes.program.source.name)
        lines = [
            f'"""The gradients of {source}: both passes, in {self.language.title} alone.',
            "",
            f"Written by gradcli {__version__}: {docstring(self.asked.command)}",
            *textwrap.wrap(docstring(memory), WIDTH),
            '"""',
            "",
            *(["import math", ""] if self.maths(forward + backward) else []),
            *self.language.imports,
            *(["", ""] if self.language.imports else [""]),
        ]
        for text in self.helpers.texts:
            lines += [*text.rstrip().splitlines(), "", ""]
        ending = wrapper(
            self.language.name,
            [(q.name, self.naming(q.name)) for q in self.passes.inputs],
            [q.name for q in self.passes.outputs],
            [(q.name, self.naming(derivative(q.name))) for q in self.passes.given],
        )
        return "\n".join([*lines, *forward, "", "", *backward, *ending]) + "\n"

    def maths(self, lines: Sequence[str]) -> bool:
        return any("math." in text for text in [*lines, *self.helpers.texts])

    def kind_of(self, known: Mapping[str, tuple[str, Store]]) -> str:
        """An array of the kind that is computed with: no index, which holds whole numbers."""
        indices = {
            item.name.partition("[")[0] for item in self.passes.program.inputs if item.within
        }
        some = (text for name, (text, _) in known.items() if name not in indices)
        return next(some, self.language.like)

    # ── the passes ──

    def forward(self) -> Iterator[str]:
        found = self.passes
        known = {q.name: (self.naming(q.name), Store(ARRAY, q.axes, q.shape)) for q in found.inputs}
        kept = {*found.saved, *(q.name for q in found.outputs)}
        plan = self.plan(found.forward, kept, known)
        like = self.kind_of(known)
        writer = Writer(
            found.forward, plan.items, known, kept, self.naming, self.language, like, self.plain
        )
        body = writer.write()
        self.told(found.forward, plan, writer.pending, "forward")
        yield from signature("forward", [self.naming(q.name) for q in found.inputs], [])
        yield from self.docstring(
            "Compute the model. Returns its outputs by name, and what `backward` needs.",
            "Inputs",
            found.inputs,
            found.outputs,
        )
        results = {q.name: self.member(writer, q) for q in found.outputs}
        saved = [*(writer.variable(name) for name in found.saved), *map(self.naming, self.kept)]
        (whole, *more) = mapping("return ", results)
        ending = sequence(f"{whole.strip()}, ", saved)
        if more or len(ending) > 1:
            ending = [*mapping("outputs", results), *sequence("return outputs, ", saved)]
        checks = [
            *self.checks([(q.name, self.naming(q.name), q) for q in found.inputs]),
            *self.quotients(),
        ]
        arrays = [(self.naming(q.name), q.axes, q.shape) for q in found.inputs]
        yield from self.scalars(found.inputs)
        bound = list(self.bound(arrays, [*checks, *body, *ending]))
        yield from self.ranks(found.inputs, bound)
        yield from bound
        for dim in self.missing:  # a size that no input has
            yield f"    {self.naming(dim)} = {self.sizes.dims[dim].value}"
        yield from checks
        yield from body
        yield from ending

    def backward(self) -> Iterator[str]:
        found = self.passes
        nest = found.backward
        known = {
            name: (self.naming(name), Store(ARRAY, nest.axes[name], nest.shapes[name]))
            for name in found.saved
        }
        begun: list[str] = []
        made = {equation.target.name for equation in nest.equations}
        for q in found.given:
            key = derivative(q.name)
            argument = self.naming(key)
            if q.axes != nest.axes[key]:
                # Members that are not given begin with 0.
                total = self.names(f"d{q.name}_")
                whole = self.shape(nest.axes[key], q.shape)
                language = self.language
                begun.append(f"    {total} = {language.made('zeros', whole, argument)}")
                parts = self.part(q.axes, nest.axes[key]).split(", ")
                begun.append(f"    {language.filled(total, parts, False, argument)}")
                known[key] = total, Store(ARRAY, nest.axes[key], q.shape)
                continue
            known[key] = argument, Store(ARRAY, q.axes, q.shape)
        kept = {derivative(q.name) for q in found.gradients}
        plan = self.plan(nest, kept, known)
        like = self.kind_of(known)
        writer = Writer(nest, plan.items, known, kept, self.naming, self.language, like, self.plain)
        body = writer.write()
        self.told(nest, plan, writer.pending, "backward")
        yield from signature("backward", ["saved"], [self.argument(q) for q in found.given])
        yield from self.docstring(
            "The gradients by name, from what `forward` saved"
            + (" and the given derivatives." if found.given else "."),
            "Given",
            [q._replace(name=f"d{q.name}") for q in found.given],
            found.gradients,
        )
        results = {}
        for q in found.gradients:
            key = derivative(q.name)
            if key in made or key in known:
                results[q.name] = writer.variable(key)
            else:
                whole = self.shape(q.axes, q.shape)
                results[q.name] = self.language.made("zeros", whole, like)
        checks = list(
            self.checks([(f"d{q.name}", self.naming(derivative(q.name)), q) for q in found.given])
        )
        rest = [*checks, *begun, *body, *mapping("return ", results)]
        sources = [(self.naming(name), nest.axes[name], nest.shapes[name]) for name in found.saved]
        # A given derivative's shape is known only when it is checked: it tells no dim.
        bound = list(self.bound(sources, rest))
        self.kept = self.missing
        saved = [*map(self.naming, (*found.saved, *self.kept))]
        if saved:
            yield from sequence("", saved, " = saved")
        yield from self.scalars([q._replace(name=derivative(q.name)) for q in found.given])
        yield from bound
        yield from rest

    def plan(self, nest: Nest, kept: Container[str], known: Container[str]) -> Plan:
        """The equations of a pass in order, with its loops cut as far as memory allows."""
        fixed, asked = self.language.fixed, self.asked
        if self.plain or self.language.serial:
            return Plan(schedule(nest, False, fixed), {})
        return planned(nest, kept, known, fixed, asked.memory, asked.dims)

    def told(self, nest: Nest, plan: Plan, inlined: Container[str], which: str) -> None:
        """Say what the values take that left loops and have a name of their own."""
        arrays = {name: size for name, size in plan.arrays.items() if name not in inlined}
        if arrays:
            self.memory.insert(0, f"{total(nest, arrays)} bytes {which}")

    def argument(self, quantity: Quantity) -> str:
        """A given derivative as a parameter: the loss's own is 1 where nothing else is said."""
        name = self.naming(derivative(quantity.name))
        own = self.passes.program.loss == quantity.name and not self.language.seeded
        return f"{name}=1.0" if own else name

    def member(self, writer: Writer, quantity: Quantity) -> str:
        """An output: a family's members that are outputs."""
        name = writer.variable(quantity.name)
        axes = self.passes.forward.axes[quantity.name]
        if quantity.axes == axes:
            return name
        return self.language.entry(name, self.part(quantity.axes, axes).split(", "))

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

    # ── sizes ──

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
        saved: Collection[str] = (),
    ) -> Iterator[str]:
        """The dims that lines of code need, from the shapes of arrays."""
        words = set(re.findall(r"\w+", "\n".join(lines)))
        names = {self.naming(dim): dim for dim in self.sizes.dims}
        wanted = [dim for name, dim in names.items() if name in words and dim not in self.variables]
        known = set(saved)
        found: list[tuple[str, str]] = []
        while left := [dim for dim in wanted if dim not in known]:
            sources = [(source, dim) for dim in left if (source := self.source(dim, arrays, known))]
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
        self, dim: str, arrays: Sequence[tuple[str, Sequence[Axis], Shape]], known: Container[str]
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
                if best is None or cost < best[0]:
                    best = cost, text
        return best

    def scalars(self, quantities: Sequence[Quantity]) -> Iterator[str]:
        """A scalar may be a plain number."""
        for q in quantities:
            if is_scalar(q.shape) and not q.axes:
                name = self.naming(q.name)
                yield f"    {name} = {self.language.scalar(name, self.like)}"

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
        if not wanted:
            return
        texts = [docstring(label) for label, _, _ in wanted]
        if len(wanted) == 1:
            ((_, name, shape),) = wanted
            text = texts[0].replace("{", "{{").replace("}", "}}")
            got = self.language.shape(name)
            yield f"    if {got} != {shape}:"
            yield f'        raise ValueError(f"{text} has shape {{{got}}}, not {{{shape}}}")'
            return
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
                divisor = math.lcm(*(factor.denominator for _, factor in size.terms))
                if divisor > 1:
                    whole = self.sizes.multiply(size, self.sizes.constant(divisor))
                    below[size_code(whole, self.naming)[0]] = divisor
        for text, divisor in below.items():
            yield f"    if ({text}) % {divisor}:"
            yield f'        raise ValueError("{text} is no multiple of {divisor}, as it is here")'

    def docstring(
        self, first: str, title: str, quantities: Sequence[Quantity], results: Sequence[Quantity]
    ) -> Iterator[str]:
        yield f'    """{first}'
        yield ""
        if quantities:
            yield from self.listed(title, quantities)
        yield from self.listed("Returned", results)
        yield '    """'

    def listed(self, title: str, quantities: Sequence[Quantity]) -> Iterator[str]:
        texts = [
            f"{docstring(q.name)} {self.shape(q.axes, q.shape)}".replace(" ", "\0")
            for q in quantities
        ]
        text = f"{title}: {', '.join(texts)}."
        for line in textwrap.wrap(text, WIDTH - 8, break_long_words=False, break_on_hyphens=False):
            yield "    " + line.replace("\0", " ")


def looped(names: str, rows: Sequence[str]) -> list[str]:
    """The head of a loop over some tuples, on one line where it fits."""
    one = f"    for {names} in ({', '.join(rows)}{',' if len(rows) == 1 else ''}):"
    if len(one) <= WIDTH:
        return [one]
    return [f"    for {names} in (", *(f"        {row}," for row in rows), "    ):"]


def signature(name: str, positional: Sequence[str], keywords: Sequence[str]) -> list[str]:
    """A function's first line; its inputs are given by name."""
    if name == "forward":
        positional, keywords = [], positional
    arguments = [*positional, *(["*"] if keywords else []), *keywords]
    one = f"def {name}({', '.join(arguments)}):"
    if len(one) <= WIDTH:
        return [one]
    inner = ", ".join(arguments)
    if len(inner) + 4 <= WIDTH:
        return [f"def {name}(", f"    {inner}", "):"]
    return [f"def {name}(", *(f"    {text}," for text in arguments), "):"]


def mapping(before: str, results: Mapping[str, str]) -> list[str]:
    """A dictionary, on one line where it fits."""
    before = f"{before}= " if not before.startswith("return") else before
    before = before.replace("outputs=", "outputs =")
    items = [f'"{docstring(name)}": {text}' for name, text in results.items()]
    one = f"    {before}{{{', '.join(items)}}}"
    if len(one) <= WIDTH:
        return [one]
    return [f"    {before}{{", *(f"        {item}," for item in items), "    }"]


def sequence(before: str, items: Sequence[str], after: str = "") -> list[str]:
    """A tuple, on one line where it fits."""
    inner = ", ".join(items) + ("," if len(items) == 1 else "")
    bare = after and len(items) > 1
    one = f"    {before}{inner}{after}" if bare else f"    {before}({inner}){after}"
    if len(one) <= WIDTH:
        return [one]
    return [f"    {before}(", *(f"        {item}," for item in items), f"    ){after}"]


def write(found: Passes, asked: Asked) -> str:
    """The module of a model's passes."""
    return Module(found, asked).text()
