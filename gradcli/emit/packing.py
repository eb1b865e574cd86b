"""Parameters which a model has side by side, laid so once for as many calls as use them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from gradcli.emit.bounds import Bounds
from gradcli.emit.layout import sequence, signature
from gradcli.emit.passes import Passes, Quantity
from gradcli.emit.schedule import schedule
from gradcli.emit.stores import ARRAY, Store
from gradcli.emit.writer import Writer
from gradcli.nests.nest import Equation, Ref, variables
from gradcli.ops.core import EXACT


def packed(found: Passes) -> Passes:
    """Passes whose forward one takes as known what is made of parameters by moving entries.

    That is so where all that uses these parameters is moved with it: none is needed twice.
    """
    params = {item.name for item in found.program.inputs if item.role == "param"}
    laid = [e for e in found.forward.equations if _lays(e, params)]
    others = [e for e in found.backward.equations if e not in laid]
    needed = {ref.name for e in others for ref in e.refs()} | {q.name for q in found.outputs}
    while True:
        rest = [e for e in found.forward.equations if e not in laid]
        needed |= {ref.name for e in rest for ref in e.refs()} & params
        fewer = [e for e in laid if needed.isdisjoint(ref.name for ref in e.refs())]
        if len(fewer) == len(laid):
            break
        laid = fewer
    return found._replace(packed=tuple(laid), forward=found.forward._replace(equations=tuple(rest)))


def _lays(equation: Equation, params: Collection[str]) -> bool:
    op = equation.call.op
    return (
        not equation.loops
        and not equation.adds
        and len(equation.args) > 1
        and op.rounding == EXACT
        and equation.call.flops.value == 0
        and all(isinstance(arg, Ref) and not arg.at and arg.name in params for arg in equation.args)
    )


class Packing(Bounds):
    """Writes the function that lays parameters side by side, and what calls it."""

    def inside(self) -> list[Quantity]:
        """The parameters that are laid side by side."""
        names = {ref.name for equation in self.passes.packed for ref in equation.refs()}
        return [q for q in self.passes.inputs if q.name in names]

    def outside(self) -> list[Quantity]:
        """The inputs that the forward pass takes by name."""
        inside = self.inside()
        return [q for q in self.passes.inputs if q not in inside]

    def parameters(self) -> list[str]:
        """How it takes the others."""
        return ["packed=None", "**weights"] if self.passes.packed else []

    def more(self) -> str:
        """What is said of them."""
        text = "; and those of `pack`, or what it returned for them as `packed`"
        return text if self.passes.packed else ""

    def packs(self) -> list[Quantity]:
        """What they become."""
        return [Quantity(e.target.name, (), e.call.shape) for e in self.passes.packed]

    def unpacked(self) -> list[str]:
        """The lines in which the forward pass takes them, packed before or not."""
        if not self.passes.packed:
            return []
        names = [self.naming(q.name) for q in self.packs()]
        return [
            "    if packed is None:",
            "        packed = pack(**weights)",
            *sequence("", names, " = packed"),
        ]

    def pack(self) -> Iterator[str]:
        """The function itself; nothing where the model has no such parameters."""
        found = self.passes
        if not found.packed:
            return
        inside = self.inside()
        nest = found.forward._replace(equations=found.packed)
        known = {q.name: (self.naming(q.name), Store(ARRAY, (), q.shape)) for q in inside}
        kept = {equation.target.name for equation in found.packed}
        items = schedule(nest, at_once=False)
        body = Writer(nest, items, known, kept, self.naming, self.language, "").write()
        names = [self.naming(q.name) for q in self.packs()]
        ending = sequence("return ", names)
        arrays = [(self.naming(q.name), q.axes, q.shape) for q in inside]
        rows = [(q.name, self.naming(q.name), q) for q in inside]
        yield from signature("pack", [], [self.naming(q.name) for q in inside])
        yield from self.docstring(
            "Lay parameters side by side, for any number of calls of `forward`.",
            "Parameters",
            inside,
            [q._replace(name=self.naming(q.name)) for q in self.packs()],
        )
        checks = list(self.checks(rows))
        bound = list(self.bound(arrays, checks))
        if self.missing:  # these sizes are checked where the forward pass has them
            untold = set(self.missing)
            rows = [
                row for row in rows if untold.isdisjoint(set().union(*map(variables, row[2].shape)))
            ]
            checks = list(self.checks(rows))
            bound = list(self.bound(arrays, checks))
        yield from self.scalars(inside, None)
        yield from self.ranks(inside, bound)
        yield from bound
        yield from checks
        yield from body
        yield from ending
        yield from ("", "")
