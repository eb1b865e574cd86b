"""A program's loops as a Nest: each step once, as its form has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradcli.forms import Member, letters_of, placed, polynomial, worth
from gradcli.loops import Runs
from gradcli.nests.nest import Axis, Equation, Loop, Nest, Operand, Ref, Span, Unkept, ends, hull
from gradcli.ops.core import ALL, FUNCTIONS, TABLE, Call, Signature
from gradcli.ops.parts import Part
from gradcli.program import Loop as Run
from gradcli.program import Program, Step
from gradcli.record import Record
from gradcli.sizes import Form, Number, Size, Sizes

UNLIKE = "its iterations are not alike"


class Context(Record):
    """Steps of one iteration, from `begin` to `end`, and what its loops' variables are."""

    point: dict[str, int]
    begin: int
    end: int
    depth: int


def read(program: Program) -> Nest:
    """A program with its loops kept. Raises Unkept where the iterations of one are unlike."""
    for run in program.loops:
        _check_terms(run, program.sizes)
    reader = _Reader(program)
    reader.body([Context({}, 0, len(program.steps), 0)], ())
    return reader.nest()


def split(name: str) -> tuple[str, tuple[int, ...]]:
    """A name and its indices: h[2] is h and 2."""
    base, bracket, rest = name.partition("[")
    if not bracket:
        return name, ()
    return base, tuple(int(text) for text in rest.rstrip("]").split(","))


def index(form: Form, sizes: Sizes) -> Size:
    """An index as a polynomial of degree 1 over dims and loops' variables. Raises Unkept."""
    found = polynomial(form, sizes)
    if found is None or any(sum(power for _, power in m) > 1 for m, _ in found.terms):
        raise Unkept("an index that is no multiple of the loops' variables and the dims")
    return found


def indices(name: str | Member, sizes: Sizes) -> tuple[str, tuple[Size, ...]]:
    """A quantity's name and its indices; what has no letters has whole numbers."""
    if isinstance(name, Member):
        return name.family, tuple([index(form, sizes) for form in name.indices])
    base, numbers = split(name)
    return base, tuple(map(sizes.constant, numbers))


def _check_terms(run: Run, sizes: Sizes) -> None:
    """Raise Unkept where other sizes give another number of operands, or of additions from one."""
    first, last = [polynomial(end.form, sizes) for end in run.bounds]
    single = first is last
    if run.over and not single:
        fixed = first and last and sizes.add(last, first, -1).is_constant
        if not fixed and not (run.iterations and FUNCTIONS[run.over].fold):
            raise Unkept("as many operands as a range has terms")
        if len(run.iterations) == 1:
            raise Unkept("a sum of one term, which has more at other sizes")


def _adds(run: Run) -> bool:
    """Whether it is a sum over a range; Unkept for what draws its terms together otherwise."""
    fold = FUNCTIONS[run.over].fold if run.over else ()
    if fold and len(run.iterations) > 1 and TABLE[fold[0]].linear != ALL:
        raise Unkept("terms that are not added")
    return bool(fold)


class _Reader:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.steps = program.steps
        self.sizes = program.sizes
        self.equations: list[Equation] = []
        self.axes: dict[str, list[tuple[Axis, ...]]] = {}
        self.shapes: dict[str, Any] = {}
        self.totals: dict[str, str] = {}  # what running totals are called, by their steps' names
        self.numbers = self.loops = 0
        self.runs = Runs(program)
        self.inputs()

    def inputs(self) -> None:
        """The declared quantities, a family as one."""
        for item in self.program.inputs:
            name = split(item.name)[0]
            self.shapes[name] = item.shape
            if name not in self.axes:
                bounds = self.program.ranges.get(name, ())
                self.axes[name] = [
                    tuple(Axis(*(index(end.form, self.sizes) for end in each)) for each in bounds)
                ]

    # ── the steps of a loop's body ──

    def body(self, contexts: Sequence[Context], loops: tuple[Loop, ...]) -> None:
        """Read steps that stand in the same loops; the contexts are iterations of these."""
        lists = [self.runs.items(c.begin, c.end, c.depth) for c in contexts]
        if len({len(items) for items in lists}) != 1:
            raise Unkept(UNLIKE)
        for k in range(len(lists[0])):
            places = [items[k] for items in lists if isinstance(items[k], int)]
            runs = [each for items in lists if isinstance(each := items[k], Run)]
            if len(places) == len(lists):
                self.equation(contexts, [self.steps[i] for i in places], loops)  # type: ignore[index]
            elif len(runs) == len(lists):
                self.loop(contexts, runs, loops)
            else:
                raise Unkept(UNLIKE)

    def loop(
        self, contexts: Sequence[Context], runs: Sequence[Run], loops: tuple[Loop, ...]
    ) -> None:
        variable = runs[0].variable
        bounds = {tuple(index(end.form, self.sizes) for end in run.bounds) for run in runs}
        if len({run.place for run in runs}) != 1 or len(bounds) != 1:
            raise Unkept(UNLIKE)
        if variable not in self.sizes.dims:
            self.sizes.symbol(variable, 1)
        ((first, last),) = bounds
        self.loops += 1
        inner = Loop(variable, first, last, self.loops)
        summing = _adds(runs[0]) and len(runs[0].iterations) > 1
        inside = [
            Context(
                {**context.point, variable: run.first + i},
                begin,
                end - (1 if summing and i else 0),
                run.depth + 1,
            )
            for context, run in zip(contexts, runs, strict=True)
            for i, (begin, end) in enumerate(run.iterations)
        ]
        self.body(inside, (*loops, inner))
        if summing:
            self.total(contexts, runs, (*loops, inner))

    def total(
        self, contexts: Sequence[Context], runs: Sequence[Run], loops: tuple[Loop, ...]
    ) -> None:
        """A sum over a range: a total to which each iteration adds its term."""
        adds = [[self.steps[end - 1] for _, end in run.iterations] for run in runs]
        terms = [(step.args[1], _form(step, 1)) for steps in adds for step in steps[1:]]
        ending = [steps[-1] for steps in adds]
        running, name = split(adds[0][1].name)[0], split(ending[0].name)[0]
        if len(adds[0]) > 2:
            self.totals[running] = name
        if name == running:
            self.totals[name] = name
        stated = {step.rolled.name if step.rolled else step.name for step in ending}
        if len(stated) > 1:
            raise Unkept(UNLIKE)
        at = indices(stated.pop(), self.sizes)[1]
        target = Ref(name, at[: len(loops) - 1] if name in self.totals else at)
        term = self.operand(terms, loops)
        dims = {name: float(size.value) for name, size in self.sizes.dims.items()}
        for context, run, steps in zip(contexts, runs, adds, strict=True):
            point = {**dims, **context.point, run.variable: run.first}
            if _shown(placed(terms[0][1], point)) != _shown(steps[1].args[0]):
                raise Unkept(UNLIKE)
        shape = ending[0].call.shape
        call = Call(TABLE["copy"], Signature(self.sizes, (shape,), {}), (), shape)
        step = Step(name, call, (_plain(term),), ending[0].place)
        self.add(Equation(target, call, (term,), loops, adds=True, step=step))

    def add(self, equation: Equation) -> None:
        name, at = equation.target
        self.shapes[name] = equation.call.shape
        around = equation.loops
        self.axes.setdefault(name, []).append(tuple(ends(self.sizes, size, around) for size in at))
        self.equations.append(equation)

    def equation(
        self, contexts: Sequence[Context], steps: Sequence[Step], loops: tuple[Loop, ...]
    ) -> None:
        step = steps[0]
        if any(other.call.op is not step.call.op for other in steps):
            raise Unkept(UNLIKE)
        target = self.ref([other.rolled.name if other.rolled else other.name for other in steps])
        args = tuple(
            self.operand([(other.args[k], _form(other, k)) for other in steps], loops)
            for k in range(len(step.args))
        )
        spans = self.spans(contexts, [other.call for other in steps], loops)
        plain = tuple(
            _plain(new) if isinstance(old, Number) else old
            for old, new in zip(step.args, args, strict=True)
        )
        self.add(
            Equation(target, step.call, args, loops, spans=spans, step=step._replace(args=plain))
        )

    # ── regions ──

    def spans(
        self, contexts: Sequence[Context], calls: Sequence[Call], loops: tuple[Loop, ...]
    ) -> tuple[Span, ...] | None:
        """The region of an `index`. Raises Unkept where another attribute changes in a loop."""
        first = calls[0]
        if any(
            call.shape != first.shape or call.signature.shapes != first.signature.shapes
            for call in calls
        ):
            raise Unkept("an array in it has another shape in each iteration")
        if "region" not in first.signature.attrs:
            if any(call.attrs != first.attrs for call in calls):
                raise Unkept(f"{first.op.name} has another form in each iteration")
            return None
        letters = {loop.variable for loop in loops}
        dims = {name: float(size.value) for name, size in self.sizes.dims.items()}
        points = [{**dims, **context.point} for context in contexts]
        regions = [call.signature.attrs["region"] for call in calls]
        return tuple(
            self.span([region[k] for region in regions], size, points, letters)
            for k, size in enumerate(first.signature.shapes[0])
        )

    def span(
        self,
        parts: Sequence[Part],
        size: Size,
        points: Sequence[Mapping[str, float]],
        letters: set[str],
    ) -> Span:
        """What of an axis of a size is taken in every iteration."""
        part = parts[0]
        if any(other.letters != part.letters or other.single != part.single for other in parts):
            raise Unkept(UNLIKE)
        if part.step is not None:
            if any(other.ends != part.ends for other in parts):
                raise Unkept("a slice with steps that moves")
            return Span(part.start, part.stop, False, False, part.step)
        found = []
        for form, own in zip(part.letters, (part.start, part.stop), strict=True):
            end = self.bound(form, size, points, letters) if form and letters else own
            found.append(end)
        if part.single:
            found[1] = self.sizes.add(found[0], self.sizes.constant(1))
        return Span(found[0], found[1], part.single, all(other.whole for other in parts))

    def bound(
        self, form: Form, size: Size, points: Sequence[Mapping[str, float]], letters: set[str]
    ) -> Size:
        """A bound of a slice: over loops' variables of degree 1; a negative one counts back."""
        found = polynomial(form, self.sizes)
        if found is None or any(
            sum(power for name, power in m if name in letters) > 1 for m, _ in found.terms
        ):
            raise Unkept("an index that is no multiple of the loops' variables and the dims")
        negative = {worth(form, point) < 0 for point in points}
        if len(negative) > 1:
            raise Unkept("an index in it counts from the end in some iterations")
        return self.sizes.add(size, found) if negative.pop() else found

    # ── operands ──

    def operand(self, args: Sequence[tuple[Any, Any]], loops: tuple[Loop, ...]) -> Operand:
        """An operand, from what it is in each iteration, and its form there."""
        if all(isinstance(arg, str) for arg, _ in args):
            return self.ref([form for _, form in args])
        if not all(isinstance(arg, Number) for arg, _ in args):
            raise Unkept(UNLIKE)
        number: Number = args[0][0]
        if number.rolled is None:
            if any(arg.rolled is not None or arg.value != number.value for arg, _ in args):
                raise Unkept("a number in it has another form in each iteration")
            return number
        text, precedence = number.rolled.text, number.rolled.precedence
        if any(arg.rolled is not number.rolled for arg, _ in args):
            raise Unkept("a number in it has another form in each iteration")
        if letters_of(number.rolled).isdisjoint(loop.variable for loop in loops):
            return number
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

    def ref(self, names: Sequence[str | Member]) -> Ref:
        """A quantity, from the name or the form that it has in each iteration."""
        if any(name != names[0] for name in names):
            raise Unkept(UNLIKE)
        base, at = indices(names[0], self.sizes)
        if base in self.totals and len(at) > len(self.axes[self.totals[base]][0]):
            base, at = self.totals[base], at[:-1]
        return Ref(base, at)

    def nest(self) -> Nest:
        axes = {
            name: tuple(hull([one[k] for one in found]) for k in range(len(found[0])))
            for name, found in self.axes.items()
        }
        return Nest(self.sizes, tuple(self.equations), self.shapes, axes)


def _form(step: Step, k: int) -> Any:
    """The k-th operand as it is in all iterations."""
    return step.rolled.args[k] if step.rolled else step.args[k]


def _plain(operand: Operand) -> Any:
    """An operand as a step has it: a quantity by name, a number as it is."""
    return operand.name if isinstance(operand, Ref) else operand


def _shown(operand: Any) -> Any:
    return operand.value if isinstance(operand, Number) else operand
