"""A program's loops read back as loops: from unrolled steps at several small sizes to a Nest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gradcli.emit.affine import fit
from gradcli.emit.instances import Instance
from gradcli.emit.nest import Axis, Equation, Loop, Nest, Operand, Ref, Span, Unkept, ends, hull
from gradcli.loops import Runs
from gradcli.ops.core import ALL, FUNCTIONS, TABLE, Call, Signature
from gradcli.program import Loop as Run
from gradcli.program import Step
from gradcli.sizes import Number, Size

MOST_SAMPLES = 5  # iterations of a loop that are looked at


class Context(NamedTuple):
    """Steps of one iteration, from `begin` to `end`, and what its loops' variables are."""

    instance: int
    point: dict[str, int]
    begin: int
    end: int
    depth: int


def read(found: Sequence[Instance]) -> Nest:
    """A program with its loops kept. Raises Unkept where the iterations of one are unlike."""
    reader = _Reader(found)
    whole = [
        Context(i, dict(one.dims), 0, len(one.program.steps), 0) for i, one in enumerate(found)
    ]
    reader.body(whole, ())
    return reader.nest()


def split(name: str) -> tuple[str, tuple[int, ...]]:
    """A name and its indices: h[2] is h and 2."""
    base, bracket, rest = name.partition("[")
    if not bracket:
        return name, ()
    return base, tuple(int(text) for text in rest.rstrip("]").split(","))


class _Reader:
    def __init__(self, found: Sequence[Instance]) -> None:
        self.instances = found
        self.program = found[0].program
        self.sizes = self.program.sizes
        self.equations: list[Equation] = []
        self.axes: dict[str, list[tuple[Axis, ...]]] = {}
        self.shapes: dict[str, Any] = {}
        self.totals: dict[str, str] = {}  # what running totals are called, by their steps' names
        self.numbers = self.loops = 0
        self.runs = [Runs(one.program) for one in found]
        self.inputs()

    def inputs(self) -> None:
        """The declared quantities; a family's indices at each size."""
        for name in dict.fromkeys(split(item.name)[0] for item in self.program.inputs):
            found = [
                [split(i.name)[1] for i in one.program.inputs if split(i.name)[0] == name]
                for one in self.instances
            ]
            points = [one.dims for one in self.instances]
            self.axes[name] = [
                tuple(
                    Axis(
                        self.fit(points, [min(index[k] for index in f) for f in found]),
                        self.fit(points, [max(index[k] for index in f) for f in found]),
                    )
                    for k in range(len(found[0][0]))
                )
            ]
        for item in self.program.inputs:
            self.shapes[split(item.name)[0]] = item.shape

    def fit(self, points: Sequence[Mapping[str, int]], values: Sequence[int]) -> Size:
        return fit(self.sizes, points, values)

    # ── the steps of a loop's body ──

    def body(self, contexts: Sequence[Context], loops: tuple[Loop, ...]) -> None:
        """Read steps that stand in the same loops; the contexts are iterations of these."""
        lists = [self.items(context) for context in contexts]
        if len({len(items) for items in lists}) != 1:
            raise Unkept("its iterations are not alike")
        for k in range(len(lists[0])):
            column = [items[k] for items in lists]
            if all(isinstance(item, int) for item in column):
                self.equation(contexts, column, loops)
            elif all(isinstance(item, Run) for item in column):
                self.loop(contexts, column, loops)
            else:
                raise Unkept("its iterations are not alike")

    def items(self, context: Context) -> list[Any]:
        """What stands in an iteration: steps, and the runs of loops as one item each."""
        return self.runs[context.instance].items(context.begin, context.end, context.depth)

    def loop(
        self, contexts: Sequence[Context], runs: Sequence[Run], loops: tuple[Loop, ...]
    ) -> None:
        variable = runs[0].variable
        if len({run.place for run in runs}) != 1:
            raise Unkept("its iterations are not alike")
        if variable not in self.sizes.dims:
            self.sizes.symbol(variable, 1)
        points = [context.point for context in contexts]
        first = self.fit(points, [run.first for run in runs])
        last = self.fit(points, [run.last for run in runs])
        self.loops += 1
        inner = Loop(variable, first, last, self.loops)
        summing = _sums(runs)
        inside = [
            Context(
                context.instance,
                {variable: run.first + i, **context.point},
                run.iterations[i][0],
                run.iterations[i][1] - (1 if summing and i else 0),
                run.depth + 1,
            )
            for context, run in zip(contexts, runs, strict=True)
            for i in _sampled(len(run.iterations))
        ]
        self.body(inside, (*loops, inner))
        if summing:
            self.total(contexts, runs, inside, (*loops, inner))

    def total(
        self,
        contexts: Sequence[Context],
        runs: Sequence[Run],
        inside: Sequence[Context],
        loops: tuple[Loop, ...],
    ) -> None:
        """A sum over a range: a total to which each iteration adds its term."""
        terms: list[Any] = []
        for context, run in zip(contexts, runs, strict=True):
            steps = self.instances[context.instance].program.steps
            for i in _sampled(len(run.iterations)):
                adds = steps[run.iterations[max(i, 1)][1] - 1]
                terms.append(adds.args[1 if i else 0])
        ending = [
            self.instances[context.instance].program.steps[run.iterations[-1][1] - 1]
            for context, run in zip(contexts, runs, strict=True)
        ]
        steps = self.program.steps
        running = split(steps[runs[0].iterations[1][1] - 1].name)[0]
        name = split(ending[0].name)[0]
        if len(runs[0].iterations) > 2:
            self.totals[running] = name
        if name == running:
            self.totals[name] = name
        depth = len(loops) - 1
        index = [split(step.name)[1] for step in ending]
        if name in self.totals:
            index = [i[:depth] for i in index]
        points = [context.point for context in contexts]
        target = Ref(name, self.indices(points, index))
        term = self.operand(inside, terms, loops)
        shape = ending[0].call.shape
        call = Call(TABLE["copy"], Signature(self.sizes, (shape,), {}), (), shape)
        step = Step(name, call, (_plain(term),), ending[0].place)
        self.add(Equation(target, call, (term,), loops, adds=True, step=step))

    def add(self, equation: Equation) -> None:
        name, index = equation.target
        self.shapes[name] = equation.call.shape
        around = equation.loops
        self.axes.setdefault(name, []).append(
            tuple(ends(self.sizes, size, around) for size in index)
        )
        self.equations.append(equation)

    def equation(
        self, contexts: Sequence[Context], places: Sequence[int], loops: tuple[Loop, ...]
    ) -> None:
        steps = [
            self.instances[context.instance].program.steps[place]
            for context, place in zip(contexts, places, strict=True)
        ]
        step = steps[0]
        if any(other.call.op.name != step.call.op.name for other in steps):
            raise Unkept("its iterations are not alike")
        points = [context.point for context in contexts]
        target = self.ref(points, [other.name for other in steps])
        args = tuple(
            self.operand(contexts, [other.args[k] for other in steps], loops)
            for k in range(len(step.args))
        )
        own = [
            (context.point, other.call)
            for context, other in zip(contexts, steps, strict=True)
            if context.instance == 0
        ]
        spans = self.spans(own, loops)
        plain = tuple(
            _plain(new) if isinstance(old, Number) else old
            for old, new in zip(step.args, args, strict=True)
        )
        self.add(
            Equation(target, step.call, args, loops, spans=spans, step=step._replace(args=plain))
        )

    def spans(
        self, calls: Sequence[tuple[Mapping[str, int], Call]], loops: tuple[Loop, ...]
    ) -> tuple[Span, ...] | None:
        """The region of an `index`. Raises Unkept where another attribute changes in a loop."""
        first = calls[0][1]
        if any(
            call.shape != first.shape or call.signature.shapes != first.signature.shapes
            for _, call in calls
        ):
            raise Unkept("an array in it has another shape in each iteration")
        attrs = dict(first.attrs)
        if "region" not in attrs:
            if any(call.attrs != first.attrs for _, call in calls):
                raise Unkept(f"{first.op.name} has another form in each iteration")
            return None
        names = [loop.variable for loop in loops]
        points = [{name: point[name] for name in names} for point, _ in calls]
        regions = [dict(call.attrs)["region"] for _, call in calls]
        return tuple(
            Span(
                self.polynomial(points, [region[k].start for region in regions]),
                self.polynomial(points, [region[k].stop for region in regions]),
                regions[0][k].single,
                regions[0][k].whole,
            )
            for k in range(len(regions[0]))
        )

    def polynomial(self, points: Sequence[Mapping[str, int]], values: Sequence[Size]) -> Size:
        """A polynomial over dims, the coefficients of which change with the loops' variables."""
        if all(value is values[0] for value in values):
            return values[0]
        sizes = self.sizes
        total = sizes.constant(0)
        for monomial in dict.fromkeys(m for value in values for m, _ in value.terms):
            found = [int(dict(value.terms).get(monomial, 0)) for value in values]
            term = self.fit(points, found)
            for name, power in monomial:
                for _ in range(power):
                    term = sizes.multiply(term, sizes.dims[name])
            total = sizes.add(total, term)
        return total

    # ── operands ──

    def operand(
        self, contexts: Sequence[Context], args: Sequence[Any], loops: tuple[Loop, ...]
    ) -> Operand:
        points = [context.point for context in contexts]
        if all(isinstance(arg, str) for arg in args):
            return self.ref(points, args)
        if not all(isinstance(arg, Number) for arg in args):
            raise Unkept("its iterations are not alike")
        number: Number = args[0]
        if number.rolled is None:
            return number
        text, precedence = number.rolled.text, number.rolled.precedence
        if any(arg.rolled is None or arg.rolled.text != text for arg in args):
            raise Unkept("a number in it has another form in each iteration")
        self.numbers += 1
        name = f"number{self.numbers}"
        while name in self.program.shapes:
            name += "_"
        scalar = self.sizes.scalar
        call = Call(TABLE["copy"], Signature(self.sizes, (scalar,), {}), (), scalar)
        target = Ref(name, tuple(self.sizes.dims[loop.variable] for loop in loops))
        lettered = number._replace(text=text, precedence=precedence, size=None)
        self.add(Equation(target, call, (lettered,), loops))
        return target

    def ref(self, points: Sequence[Mapping[str, int]], names: Sequence[str]) -> Ref:
        parts = [split(name) for name in names]
        base = parts[0][0]
        if any(other != base for other, _ in parts):
            raise Unkept("its iterations are not alike")
        index = [index for _, index in parts]
        if base in self.totals and len(index[0]) > len(self.axes[self.totals[base]][0]):
            index = [i[:-1] for i in index]
            base = self.totals[base]
        return Ref(base, self.indices(points, index))

    def indices(
        self, points: Sequence[Mapping[str, int]], index: Sequence[tuple[int, ...]]
    ) -> tuple[Size, ...]:
        if len({len(i) for i in index}) != 1:
            raise Unkept("its iterations are not alike")
        return tuple(self.fit(points, [i[k] for i in index]) for k in range(len(index[0])))

    def nest(self) -> Nest:
        axes = {
            name: tuple(hull([one[k] for one in found]) for k in range(len(found[0])))
            for name, found in self.axes.items()
        }
        return Nest(self.sizes, tuple(self.equations), self.shapes, axes)


def _plain(operand: Operand) -> Any:
    """An operand as a step has it: a quantity by name, a number as it is."""
    return operand.name if isinstance(operand, Ref) else operand


def _sums(runs: Sequence[Run]) -> bool:
    """Whether these are sums over a range, of several terms. Raises Unkept for other functions, and
    where only some have several.
    """
    fold = FUNCTIONS[runs[0].over].fold if runs[0].over else ()
    if not fold:
        return False
    several = {len(run.iterations) > 1 for run in runs}
    if len(several) > 1:
        raise Unkept("a sum of one term, which has more at other sizes")
    if several == {True} and TABLE[fold[0]].linear != ALL:
        raise Unkept("terms that are not added")
    return several.pop()


def _sampled(count: int) -> list[int]:
    if count <= MOST_SAMPLES:
        return list(range(count))
    return [*range(MOST_SAMPLES - 1), count - 1]
