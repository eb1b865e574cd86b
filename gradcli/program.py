"""A model, serialised: a flat list of steps, each one operation with a name of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from gradcli.errors import Defect, Note, Source, Span
from gradcli.forms import Member, Rolled
from gradcli.ops.core import Call
from gradcli.record import Record
from gradcli.sizes import ATOM, Number, Shape, Size, Sizes, alike, spell
from gradcli.spelling import Written, write
from gradcli.syntax.ast import Place

Operand: TypeAlias = str | Number
NOWHERE: Place = (0, 0)  # of what no text stands for

LAYOUTS = ("numerator", "denominator")


class Step(Record):
    """One forward equation: `name` = op(args). `place` is that of its expression in the source.

    `rolled` is its form with letters, where it has some.
    """

    name: str
    call: Call
    args: tuple[Operand, ...]
    place: Place
    rolled: Rolled | None = None

    @property
    def text(self) -> str:
        """The equation, in the language's own syntax."""
        return f"{self.name} = {self.expression}"

    @property
    def expression(self) -> str:
        shown = [(arg, ATOM) if arg.__class__ is str else written(arg) for arg in self.args]
        bindings = [binding for _, binding in shown]
        key = ("text", *bindings)
        template: str | None = self.call.rules.get(key)
        if template is None:
            template = self.call.rules[key] = _template(self.call, bindings)
        return template.format(*[text for text, _ in shown])

    def operands(self) -> tuple[str, ...]:
        """The operands that are quantities: plain numbers are part of the operation."""
        return tuple([arg for arg in self.args if isinstance(arg, str)])


def written(arg: Operand) -> Written:
    return (arg, ATOM) if isinstance(arg, str) else (arg.text, arg.precedence)


def _template(call: Call, bindings: Sequence[int]) -> str:
    """How all steps of a call are written whose operands bind as tightly: {0} is the first one."""
    marks = [f"\0{k}\0" for k in range(len(bindings))]
    found = write(call.op, call.attrs, list(zip(marks, bindings, strict=True)))[0]
    found = found.replace("{", "{{").replace("}", "}}")
    for k, mark in enumerate(marks):
        found = found.replace(mark, f"{{{k}}}")
    return found


class Drawn(Record):
    """A value drawn from a distribution with plain numbers as its parameters.

    axis: of the array, for a distribution that is about one.
    """

    distribution: str
    parameters: tuple[float, ...]
    axis: int = 0


class FromFile(Record):
    """A value read from a .npy file."""

    path: str
    place: Place


class Sum(Record):
    """What entries of an input add up to, as is assumed: along an axis; None for all of them."""

    axis: int | None
    total: Number
    place: Place


class Input(Record):
    """A declared quantity. `value` is how it gets its value where no data binds it.

    A Program without inputs as value is an expression over constants; None means a standard draw.
    within: the first and the last of the whole numbers that an index holds. sums: what is assumed.
    rolled: the member of a family that is given, with letters where its index has some.
    """

    name: str
    role: str  # "input", "param", "const" or, for what arrives from above, "given"
    shape: Shape
    value: Program | Drawn | FromFile | None
    place: Place
    within: tuple[Size, Size] | None = None
    sums: tuple[Sum, ...] = ()
    rolled: Member | None = None


class Loop(Record):
    """One run of a loop, or of a sum over a range: the range, and the steps of each iteration.

    `place` is that of its variable, the same for every run. `bounds` are the ends of its range as
    they are written, with their sizes as symbols, and letters for the loops around. `depth` is how
    many loops and sums those are. `over` is the function that draws the range's terms together,
    "sum" say; a loop has none. A range of which conditions choose has no `iterations`.
    """

    variable: str
    first: int
    last: int
    bounds: tuple[Number, Number]
    depth: int
    place: Place
    over: str
    iterations: tuple[tuple[int, int], ...]


class Program(Record):
    """A model: inputs, steps in the order of computation, and what is differentiated.

    ranges: of each declared family, the ends of its indices as they are written.
    """

    source: Source
    sizes: Sizes
    layout: str
    inputs: tuple[Input, ...]
    steps: tuple[Step, ...]
    shapes: dict[str, Shape]
    families: dict[str, tuple[str, ...]]
    loss: str | None
    given: tuple[Input, ...]  # named after the variable whose derivative is given
    loops: tuple[Loop, ...]
    notes: tuple[Note, ...]
    ranges: Mapping[str, tuple[tuple[Number, Number], ...]] = {}

    def span(self, place: Place) -> Span:
        return Span(self.source, *place)

    def outputs(self) -> tuple[str, ...]:
        """The loss, and what `given` names."""
        names = [item.name for item in self.given]
        return tuple(dict.fromkeys(([self.loss] if self.loss else []) + names))


def verify(program: Program, since: int = 0) -> None:
    """Check what whoever makes a program must guarantee.

    Each name is bound once and before its use, each shape is as the operation's rule says. Steps
    before `since` have been checked already. Raises Defect.
    """
    bound = {item.name: item.shape for item in program.inputs}
    bound.update((step.name, step.call.shape) for step in program.steps[:since])
    if len(bound) != len(program.inputs) + since:
        raise Defect("an input is bound twice")
    calls: set[Call] = set()
    for name, call, args, _, _ in program.steps[since:]:
        for arg, shape in zip(args, call.signature.shapes, strict=True):
            if arg.__class__ is str:
                found = bound.get(arg)
                if found is None:
                    raise Defect(f"{arg} is used before it is bound")
                if found is not shape and not alike(found, shape):
                    raise Defect(f"{arg} is {spell(found)} and used as {spell(shape)}")
        if name in bound:
            raise Defect(f"{name} is bound twice")
        bound[name] = call.shape
        calls.add(call)
    if program.shapes != bound:
        raise Defect("a shape is recorded that no name has")
    for call in calls:
        if not alike(call.op.shape(call.signature), call.shape):
            raise Defect(f"{call.op.name} gives another shape than {spell(call.shape)}")
    for name in program.outputs():
        if name not in bound:
            raise Defect(f"{name} is differentiated, but not bound")
