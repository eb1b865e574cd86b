"""Both passes of a model as nests: what each computes, what is saved between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gradcli.emit import motion, simplify
from gradcli.emit.factoring import factored, scaled
from gradcli.emit.memory import worth
from gradcli.emit.schedule import at_once_fits
from gradcli.emit.small import small
from gradcli.emit.stacking import stacked
from gradcli.errors import GradError
from gradcli.nests import adjoint
from gradcli.nests.adjoint import derivative
from gradcli.nests.nest import Axis, Equation, Nest, Ref, Unkept, hull, spans_of
from gradcli.nests.reading import indices, read, split
from gradcli.ops.core import EXACT, TABLE, Call, Signature
from gradcli.program import Input, Program
from gradcli.request import Request
from gradcli.sizes import Number, Shape, is_scalar, of_size
from gradcli.syntax import Parsed
from gradcli.transform.inline import flatten

MOST_UNROLLED = 5_000  # equations of a model whose loops can't be kept


class Quantity(NamedTuple):
    """An input, an output or a gradient: its name, a family's axes, its shape."""

    name: str
    axes: tuple[Axis, ...]
    shape: Shape


class Passes(NamedTuple):
    """A model's passes.

    inputs: the model's. outputs: the loss and what `given` names. given: whose derivatives arrive.
    gradients: those that are wanted. saved: what the backward pass needs of the forward pass.
    note: why the loops are not kept, where they are not. packed: what is made of parameters alone
    before the forward pass.
    """

    program: Program
    inputs: tuple[Quantity, ...]
    outputs: tuple[Quantity, ...]
    given: tuple[Quantity, ...]
    gradients: tuple[Quantity, ...]
    forward: Nest
    backward: Nest
    saved: tuple[str, ...]
    note: str | None
    packed: tuple[Equation, ...] = ()


def passes(
    parsed: Parsed,
    request: Request,
    plain: bool = False,
    seeded: bool = True,
    stacks: bool = True,
    thrifty: bool = False,
    dims: Mapping[str, int] | None = None,
) -> Passes:
    """A model's passes with its loops kept. Raises GradError or GradErrors.

    plain: as the listing has them, with nothing simplified. seeded: whether the loss's own
    derivative is 1; otherwise it arrives like the given ones. stacks: whether products that share
    an operand are drawn together. thrifty: whether what is made of inputs alone, by moving
    entries, is made again and not saved. dims: the sizes of the model, where it is read at others.
    """
    program = small(parsed, request)
    note = None
    try:
        nest = read(program)
    except Unkept as error:
        note = str(error)
        program, nest = _unrolled(parsed, request)
    wanted = _wanted(program, request)
    inputs = tuple(
        Quantity(name, nest.axes[name], nest.shapes[name])
        for name in dict.fromkeys(split(item.name)[0] for item in program.inputs)
    )
    given = _given(program, nest)
    outputs = _outputs(program, nest, given)
    if not seeded:
        given = outputs
    results = {q.name for q in outputs}
    if not plain:
        named = results.union(wanted)
        nest = scaled(nest, named, lambda size: worth(nest, size, dims or {}))
        nest = motion.hoisted(simplify.without_copies(nest, named), named)
    ends = [derivative(name) for name in wanted]
    kept = {*ends} | {derivative(q.name) for q in given}
    back = adjoint.backward(nest, [q.name for q in outputs], wanted)
    back = _seeded(back, program, nest, given) if seeded else back
    ahead = _flat(nest)
    back = back._replace(shapes=ahead.shapes | back.shapes, axes=ahead.axes | back.axes)
    if not plain:
        back = motion.hoisted(simplify.without_copies(simplify.shared(back), kept), kept)
        back = motion.regrouped(motion.unstretched(back))
        back = factored(simplify.shared(back), kept)
        back = simplify.product_sums(simplify.shared(back))
        ahead = simplify.without_copies(ahead, results | _taken(back))
        back = simplify.signs(back, ahead)
    back = back._replace(equations=tuple(simplify.needed(back.equations, ends)))
    if stacks and not plain:
        ahead, back = _stacked(ahead, back, results, ends)
    free = _Free({q.name for q in inputs}, not plain, thrifty)
    ahead, back, saved = _split(ahead, back, free, outputs)
    gradients = tuple(Quantity(name, nest.axes[name], nest.shapes[name]) for name in wanted)
    return Passes(program, inputs, outputs, given, gradients, ahead, back, saved, note)


def _stacked(ahead: Nest, back: Nest, results: set[str], ends: list[str]) -> tuple[Nest, Nest]:
    """Both passes with products drawn together, the backward one with the forward one's stacks."""
    taken = {*ahead.shapes, *back.shapes, *ahead.sizes.dims}
    ahead, stacks = stacked(ahead, results | _taken(back), (), taken)
    back, _ = stacked(back, ends, stacks, taken | {stack.ref.name for stack in stacks})
    return motion.regrouped(ahead), motion.regrouped(back)


def _taken(back: Nest) -> set[str]:
    """What a backward pass takes from the forward one."""
    made = {equation.target.name for equation in back.equations}
    return {ref.name for equation in back.equations for ref in equation.refs()} - made


def _unrolled(parsed: Parsed, request: Request) -> tuple[Program, Nest]:
    from gradcli.session import bind

    program, _ = bind(parsed, request)
    if len(program.steps) > MOST_UNROLLED:
        raise GradError(
            f"the loops can't be kept, and the model has {len(program.steps):,} equations unrolled",
            hint=f"at most {MOST_UNROLLED:,} are written",
            kind="too-large",
        )
    program = _fixed(program)
    return program, read(_apart(program, request))


def _fixed(program: Program) -> Program:
    """A program whose families have as many members as they have here, whatever the dims are."""

    def here(end: Number) -> Number:
        return of_size(program.sizes.constant(int(end.value)))

    return program._replace(
        ranges={
            name: tuple((here(first), here(last)) for first, last in ranges)
            for name, ranges in program.ranges.items()
        },
        given=tuple(item._replace(rolled=None) for item in program.given),
    )


def _apart(program: Program, request: Request) -> Program:
    """A program without loops, in which each computed member of a family has a name of its own.

    Those of one may differ in shape. What is asked for by name stays a family.
    """
    asked = {split(name)[0] for name in program.outputs()} | set(_wanted(program, request))
    taken = {split(name)[0] for name in program.shapes}
    names: dict[str, str] = {}
    for step in program.steps:
        base, index = split(step.name)
        if index and base not in asked:
            name = "_".join(map(str, (base, *index)))
            while name in taken:
                name += "_"
            taken.add(name)
            names[step.name] = name
    steps = tuple(
        step._replace(
            rolled=None,
            name=names.get(step.name, step.name),
            args=tuple(names.get(a, a) if isinstance(a, str) else a for a in step.args),
        )
        for step in program.steps
    )
    return program._replace(loops=(), steps=steps)


def _wanted(program: Program, request: Request) -> list[str]:
    from gradcli.transform.reverse import resolve_wrt

    return list(dict.fromkeys(split(name)[0] for name in resolve_wrt(program, request.wrt)))


def _given(program: Program, nest: Nest) -> tuple[Quantity, ...]:
    """What arrives: of a family the range of those members whose derivatives are given."""
    members: dict[str, list[Input]] = {}
    for item in program.given:
        members.setdefault(split(item.name)[0], []).append(item)
    quantities = []
    for name, items in members.items():
        axes = nest.axes[name]
        if {item.name for item in items} < set(program.families.get(name, ())):
            places = [indices(item.rolled or item.name, nest.sizes)[1] for item in items]
            axes = tuple(hull([Axis(at[k], at[k]) for at in places]) for k in range(len(axes)))
        quantities.append(Quantity(name, axes, nest.shapes[name]))
    return tuple(quantities)


def _outputs(program: Program, nest: Nest, given: tuple[Quantity, ...]) -> tuple[Quantity, ...]:
    """The loss, and what `given` names, the same members."""
    found = list(given)
    if program.loss is not None:
        name = split(program.loss)[0]
        if name not in [q.name for q in given]:
            found.insert(0, Quantity(name, nest.axes[name], nest.shapes[name]))
    return tuple(found)


def _seeded(back: Nest, program: Program, nest: Nest, given: tuple[Quantity, ...]) -> Nest:
    """The backward pass, begun with the loss's 1."""
    if program.loss is None:
        return back
    name, at = split(program.loss)
    sizes = nest.sizes
    call_signature = Signature(sizes, (), {"sizes": sizes.scalar})
    attrs = (("sizes", sizes.scalar),)
    call = Call(TABLE["ones"], call_signature, attrs, sizes.scalar)
    target = Ref(derivative(name), tuple(sizes.constant(i) for i in at))
    one = Equation(target, call, (), adds=True)
    return back._replace(equations=(one, *back.equations))


def _flat(nest: Nest) -> Nest:
    """The operations that a model defines, replaced by what they consist of."""
    shapes, axes = dict(nest.shapes), dict(nest.axes)
    found: list[Equation] = []
    for equation in nest.equations:
        if equation.step is None or equation.call.op.body is None:
            found.append(equation)
            continue
        args = tuple(
            f"@{k}" if isinstance(arg, Ref) else arg for k, arg in enumerate(equation.args)
        )
        known = {f"@{k}": arg for k, arg in enumerate(equation.args)}
        loops = tuple(nest.sizes.dims[loop.variable] for loop in equation.loops)
        called = {step: name for name, step in equation.call.op.body.saved}
        for step in flatten([equation.step._replace(name="@", args=args)]):
            if step.name == "@":
                target = equation.target
            else:
                own = called.get(step.name[2:], step.name[2:])
                target = Ref(adjoint.inner(equation.target.name, own), loops)
                shapes[target.name] = step.call.shape
                axes[target.name] = tuple(Axis(loop.first, loop.last) for loop in equation.loops)
            known[step.name] = target
            operands = tuple(arg if isinstance(arg, Number) else known[arg] for arg in step.args)
            spans = spans_of(dict(step.call.attrs).get("region"))
            found.append(Equation(target, step.call, operands, equation.loops, spans=spans))
    return nest._replace(equations=tuple(found), shapes=shapes, axes=axes)


def _split(
    ahead: Nest, back: Nest, free: _Free, outputs: tuple[Quantity, ...]
) -> tuple[Nest, Nest, tuple[str, ...]]:
    """What the backward pass needs of the forward one: saved, or computed again for nothing."""
    made = {equation.target.name for equation in back.equations}
    counts: dict[str, int] = {}
    for equation in ahead.equations:
        counts[equation.target.name] = counts.get(equation.target.name, 0) + 1
    again: list[Equation] = []
    saved: dict[str, None] = {}
    stack = [r.name for e in back.equations for r in e.refs() if r.name not in made]
    makers = {e.target.name: e for e in ahead.equations}
    seen: set[str] = set()
    while stack:
        name = stack.pop(0)
        if name in seen or name.startswith("d/"):
            continue
        seen.add(name)
        maker = makers.get(name)
        if maker is not None and counts[name] == 1 and free(maker):
            again.append(maker)
            stack += [ref.name for ref in maker.refs()]
        elif maker is not None or name in free.inputs:
            saved[name] = None
    order = {e.target.name: i for i, e in enumerate(ahead.equations)}
    again.sort(key=lambda e: order[e.target.name])
    back = back._replace(
        equations=(*again, *back.equations),
        shapes={**back.shapes, **ahead.shapes},
        axes={**back.axes, **ahead.axes},
    )
    wanted = [*saved, *(q.name for q in outputs)]
    ahead = ahead._replace(equations=tuple(simplify.needed(ahead.equations, wanted)))
    return ahead, back, tuple(saved)


class _Free(NamedTuple):
    """Which values cost nothing to have again: entries that are moved, and constants.

    again: whether any is made again. thrifty: whether copies of inputs, and multiples of what is
    there, are too.
    """

    inputs: set[str]
    again: bool
    thrifty: bool

    def __call__(self, equation: Equation) -> bool:
        of_inputs = all(ref.name in self.inputs for ref in equation.refs())
        moves = equation.call.op.rounding == EXACT and equation.call.flops.value == 0
        return (
            self.again
            and not equation.adds
            and (
                (moves and (len(equation.args) <= 1 or (self.thrifty and of_inputs)))
                or (self.thrifty and _multiple(equation))
            )
            and at_once_fits(equation, 0)
        )


def _multiple(equation: Equation) -> bool:
    """Whether each entry of a value is one of another, times or over a scalar."""
    scalars = [is_scalar(shape) for shape in equation.call.signature.shapes]
    if not equation.call.op.elementwise or len(scalars) < 2 or scalars.count(False) != 1:
        return False
    return (scalars.index(False),) in equation.call.op.linear_groups(len(scalars))
