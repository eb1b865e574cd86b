"""A model's passes as a module: its head, both functions, and what makes them the library's own."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import NamedTuple

from gradcli.codegen.helpers import Helpers
from gradcli.emit.languages import LANGUAGES
from gradcli.emit.layout import WIDTH, mapping, quoted, sequence, signature
from gradcli.emit.memory import Plan, planned, total
from gradcli.emit.packing import Packing
from gradcli.emit.passes import Passes, Quantity
from gradcli.emit.schedule import schedule
from gradcli.emit.stores import ARRAY, Store
from gradcli.emit.wrappers import wrapper
from gradcli.emit.writer import Writer
from gradcli.foreign import docstring
from gradcli.nests.adjoint import derivative
from gradcli.nests.nest import Nest
from gradcli.ops.coding import CALLED, NUMPY, Site
from gradcli.ops.core import Call
from gradcli.sizes import is_scalar
from gradcli.version import __version__


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


class Module(Packing):
    """Writes a model's passes for NumPy."""

    def __init__(self, found: Passes, asked: Asked) -> None:
        self.helpers = Helpers(private=True)
        super().__init__(found, LANGUAGES[asked.to](self.called, self.helpers.name))
        self.asked = asked
        self.plain = asked.plain
        self.memory: list[str] = []
        self.kept: list[str] = []  # what the backward pass needs beside arrays: dims and kinds

    def called(self, call: Call, site: Site) -> str:
        """A call of an operation's own forward function, which stands in the module."""
        name = self.helpers.name(call.op.forward, f"_{call.op.name}")
        static = call.op.code[CALLED](site) if CALLED in call.op.code else call.static
        operands = ["{,}"] if call.signature.shapes else []
        texts = [f"{k}={quoted(str(v))}" for k, v in static.items()]
        return f"{name}({', '.join([*operands, *texts])})"

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
            *self.standard(forward + backward),
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
        return "\n".join([*lines, *self.pack(), *forward, "", "", *backward, *ending]) + "\n"

    def standard(self, lines: Sequence[str]) -> list[str]:
        """The imports of Python's own modules that the code needs."""
        texts = [*lines, *self.helpers.texts]
        used = [
            f"import {name}"
            for name in ("itertools", "math")
            if any(re.search(rf"\b{name}\.", text) for text in texts)
        ]
        return [*used, ""] if used else []

    def kind_of(self, known: Mapping[str, tuple[str, Store]]) -> str:
        """What says of which kind others are made: an array of it, where that does."""
        some = self.arrays_of(known, known) if self.language.by_array else []
        return next(iter(some), self.language.like)

    def arrays_of(self, known: Mapping[str, tuple[str, Store]], names: Container[str]) -> list[str]:
        """Those of some names that are arrays of the kind: no index, which holds whole numbers."""
        indices = {
            item.name.partition("[")[0] for item in self.passes.program.inputs if item.within
        }
        return [text for name, (text, _) in known.items() if name in names and name not in indices]

    def precision(
        self, known: Mapping[str, tuple[str, Store]], names: Container[str]
    ) -> str | None:
        """What gives a plain number the precision of arrays, where there are any."""
        some = self.arrays_of(known, names)
        return some[0] if some and self.language.by_array else self.language.like if some else None

    def kinds(self, arrays: Sequence[str], lines: Sequence[str]) -> list[str]:
        """The lines that find the kind of arrays, where other lines need it."""
        like = self.language.like
        needs = any(re.search(rf"\b{like}\b", line) for line in lines) if like else False
        return self.language.kinds(arrays) if needs and not self.language.by_array else []

    # ── the passes ──

    def forward(self) -> Iterator[str]:
        found = self.passes
        inputs, packs = self.outside(), self.packs()
        arrived = [*inputs, *packs]
        known = {q.name: (self.naming(q.name), Store(ARRAY, q.axes, q.shape)) for q in arrived}
        kept = {*found.saved, *(q.name for q in found.outputs)}
        plan = self.plan(found.forward, kept, known)
        like = self.kind_of(known)
        writer = Writer(
            found.forward, plan.items, known, kept, self.naming, self.language, like, self.plain
        )
        body = writer.write()
        self.told(found.forward, plan, writer.pending, "forward")
        names = [*(self.naming(q.name) for q in inputs), *self.parameters()]
        yield from signature("forward", [], names)
        yield from self.docstring(
            "Compute the model. Returns its outputs by name, and what `backward` needs.",
            "Inputs",
            inputs,
            found.outputs,
            self.more(),
        )
        results = {q.name: self.member(writer, q) for q in found.outputs}
        saved = [*(writer.variable(name) for name in found.saved), *self.kept]
        (whole, *more) = mapping("return ", results)
        ending = sequence(f"{whole.strip()}, ", saved)
        if more or len(ending) > 1:
            ending = [*mapping("outputs", results), *sequence("return outputs, ", saved)]
        checks = [
            *self.checks([(q.name, self.naming(q.name), q) for q in inputs]),
            *self.checks([(self.naming(q.name), self.naming(q.name), q) for q in packs]),
            *self.quotients(),
        ]
        arrays = [(self.naming(q.name), q.axes, q.shape) for q in arrived]
        arrays_in = {q.name for q in arrived if q.axes or not is_scalar(q.shape)}
        yield from self.unpacked()
        scalars = list(self.scalars(inputs, self.precision(known, arrays_in)))
        kinds = self.kinds(self.arrays_of(known, arrays_in or known), [*scalars, *body, *ending])
        yield from (*kinds, *scalars) if arrays_in else (*scalars, *kinds)
        trusted = [self.naming(q.name) for q in packs]
        bound = list(self.bound(arrays, [*checks, *body, *ending], trusted))
        yield from self.ranks(inputs, bound)
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
                own = argument if language.by_array else language.like
                begun.append(f"    {total} = {language.made('zeros', whole, own)}")
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
        shown = writer.results([key for key in kept if key in made or key in known])
        results = {}
        for q in found.gradients:
            key = derivative(q.name)
            if key in shown:
                results[q.name] = shown[key]
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
        given = [q._replace(name=derivative(q.name)) for q in found.given]
        scalars = list(self.scalars(given, self.precision(known, found.saved)))
        self.kept = [self.naming(dim) for dim in self.missing]
        self.kept += [self.language.like] if self.kinds([], [*scalars, *rest]) else []
        saved = [*map(self.naming, found.saved), *self.kept]
        if saved:
            yield from sequence("", saved, " = saved")
        yield from scalars
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


def write(found: Passes, asked: Asked) -> str:
    """The module of a model's passes."""
    return Module(found, asked).text()
