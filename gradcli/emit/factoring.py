"""Factors moved to where fewer entries are multiplied: behind a sum, before a product."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import NamedTuple

from gradcli.nests.nest import Equation, Nest, Operand, Ref, ends
from gradcli.ops.axes import from_end
from gradcli.ops.core import ALL, EACH, TABLE, Call, Op, Signature
from gradcli.ops.mismatch import Mismatch
from gradcli.sizes import Number, Shape, Size, is_one, is_scalar, of_size

OFTEN = 2  # how many times fewer entries an operand has than a product, for a factor to go there


def factored(nest: Nest, kept: Container[str]) -> Nest:
    """A sum's factors that are the same along its axes stand behind it: Σ a c is c Σ a.

    The same twice is 2 of it, and a number goes to the smallest factor.
    """
    writer = _Factoring(nest, kept)
    for equation in nest.equations:
        op = equation.call.op
        if op.fold and op.linear == ALL:
            writer.result.append(writer.sum(equation))
        elif op.regroups and op.linear == ALL and (terms := writer.twice(equation)):
            writer.result.append(writer.doubled(equation, terms))
        else:
            writer.result.append(equation)
    return writer.nest()


def scaled(nest: Nest, kept: Container[str], worth: Callable[[Size], float]) -> Nest:
    """A product's factor goes to an operand with fewer entries: (A @ B) / c is (A / c) @ B.

    worth: the value of a size, at the sizes of the model.
    """
    writer = _Factoring(nest, kept)
    for equation in nest.equations:
        writer.result.append(writer.scale(equation, worth))
    return writer.nest()


class _Wrap(NamedTuple):
    """An equation that is linear in its k-th operand, to be done to another one."""

    equation: Equation
    k: int


class _Factoring:
    """Appends the equations of a nest with their factors elsewhere."""

    def __init__(self, nest: Nest, kept: Container[str]) -> None:
        self.stated = nest
        self.sizes = nest.sizes
        self.kept = kept
        self.shapes, self.axes = dict(nest.shapes), dict(nest.axes)
        self.result: list[Equation] = []
        self.makers: dict[str, list[Equation]] = {}
        self.uses: dict[str, int] = {}
        for equation in nest.equations:
            self.makers.setdefault(equation.target.name, []).append(equation)
            for ref in equation.refs():
                self.uses[ref.name] = self.uses.get(ref.name, 0) + 1

    def nest(self) -> Nest:
        """The nest, without what nothing needs any longer."""
        found = self.result
        while True:
            used = {ref.name for equation in found for ref in equation.refs()}
            gone = self.uses.keys() - used
            left = [e for e in found if e.target.name not in gone or e.target.name in self.kept]
            if len(left) == len(found):
                break
            found = left
        return self.stated._replace(equations=tuple(found), shapes=self.shapes, axes=self.axes)

    def maker(self, operand: Operand, like: Equation, uses: int = 1) -> Equation | None:
        """What makes an operand for one equation alone, in the same loops."""
        if not isinstance(operand, Ref) or self.uses.get(operand.name, 1) > uses:
            return None
        made = self.makers.get(operand.name, ())
        if len(made) != 1 or operand.name in self.kept or made[0].target != operand:
            return None
        (found,) = made
        plain = not found.adds and found.spans is None and found.call.op.body is None
        same = [loop.key for loop in found.loops] == [loop.key for loop in like.loops]
        return found if plain and same else None

    def shape(self, operand: Operand) -> Shape:
        return self.shapes[operand.name] if isinstance(operand, Ref) else self.sizes.scalar

    def made(self, like: Equation, op: Op, args: Sequence[Operand], mark: str) -> Ref:
        """An equation more, that stands before one that there is."""
        at = tuple(self.sizes.dims[loop.variable] for loop in like.loops)
        name = f"{like.target.name}/{mark}"
        while name in self.shapes:
            name += mark
        call = self.call(op, args, dict(like.call.attrs) if op is like.call.op else {})
        target = Ref(name, at)
        self.shapes[name] = call.shape
        self.axes[name] = tuple(ends(self.sizes, size, like.loops) for size in at)
        equation = self.stepped(Equation(target, call, tuple(args), like.loops, step=like.step))
        self.result.append(equation)
        self.makers[name] = [equation]
        return target

    def call(self, op: Op, args: Sequence[Operand], attrs: Mapping[str, object]) -> Call:
        signature = Signature(self.sizes, tuple(map(self.shape, args)), dict(attrs))
        return Call(op, signature, tuple(attrs.items()), op.shape(signature))

    # ── behind a sum ──

    def sum(self, equation: Equation) -> Equation:
        (operand,) = equation.args
        rank = len(self.shape(operand))
        axes = from_end(equation.call.signature.attrs["axis"], rank)
        every = len(axes) == rank

        def same(other: Operand) -> bool:
            shape = self.shape(other)
            if isinstance(other, Number) or (is_scalar(shape) and every):
                return True
            return not every and len(shape) == rank and all(is_one(shape[axis]) for axis in axes)

        before = len(self.result)
        core, wraps = self.pulled(operand, equation, same)
        if wraps:
            try:
                total: Operand = self.made(equation, equation.call.op, [core], "t")
                for wrap in wraps[:-1]:
                    total = self.made(
                        wrap.equation, wrap.equation.call.op, self.args(wrap, total), "t"
                    )
                last = wraps[-1]
                args = self.args(last, total)
                call = self.call(last.equation.call.op, args, dict(last.equation.call.attrs))
                if call.shape == equation.call.shape:
                    return equation._replace(call=call, args=tuple(args))
            except Mismatch:
                pass
            del self.result[before:]
        return equation

    def args(self, wrap: _Wrap, operand: Operand) -> list[Operand]:
        args = list(wrap.equation.args)
        args[wrap.k] = operand
        return args

    def pulled(
        self, operand: Operand, like: Equation, same: Callable[[Operand], bool]
    ) -> tuple[Operand, list[_Wrap]]:
        """An operand without the factors that are the same along the axes, and these."""
        maker = self.maker(operand, like)
        if maker is None or not maker.call.op.elementwise:
            return operand, []
        for k in self.linear(maker):
            if all(same(other) for i, other in enumerate(maker.args) if i != k):
                core, wraps = self.pulled(maker.args[k], like, same)
                return core, [*wraps, _Wrap(maker, k)]
        for k in self.linear(maker):
            core, wraps = self.pulled(maker.args[k], like, same)
            if wraps:
                args = self.args(_Wrap(maker, k), core)
                inner = self.made(maker, maker.call.op, args, "f")
                core, more = self.pulled(inner, like, same)
                return core, [*more, *wraps]
        return operand, []

    def linear(self, equation: Equation) -> Iterator[int]:
        """The operands in each of which alone an equation is linear, and that are as its result."""
        for group in equation.call.op.linear_groups(len(equation.args)):
            if len(group) == 1 and self.shape(equation.args[group[0]]) == equation.call.shape:
                yield group[0]

    # ── the same twice ──

    def twice(self, equation: Equation) -> tuple[Operand, ...] | None:
        """The terms of a sum that holds one twice: what else there is, and that one."""
        first, second = equation.args
        if first == second and isinstance(first, Ref):
            return (first,)
        maker = self.maker(first, equation)
        if maker is None or maker.call.op is not equation.call.op or second not in maker.args:
            return None
        one, other = maker.args
        rest = one if other == second else other
        fits = isinstance(second, Ref) and self.shape(rest) == self.shape(second)
        return (rest, second) if fits else None

    def doubled(self, equation: Equation, terms: tuple[Operand, ...]) -> Equation:
        """2 of what a sum holds twice; of its smallest factor, where nothing else needs it."""
        *rest, operand = terms
        assert isinstance(operand, Ref)
        two = of_size(self.sizes.constant(2))
        times = TABLE["mul"]
        maker = self.maker(operand, equation, uses=2)
        factors = maker.args if maker is not None and self.scales(maker) else ()
        smaller = [
            k
            for k, factor in enumerate(factors)
            if isinstance(factor, Ref) and self.shape(factor) != self.shape(operand)
        ]
        if maker is not None and smaller:
            small = self.made(maker, times, [two, maker.args[smaller[0]]], "f")
            args = self.args(_Wrap(maker, smaller[0]), small)
        else:
            args = [two, operand]
        if rest:
            return equation._replace(args=(*rest, self.made(equation, times, args, "f")))
        return equation._replace(call=self.call(times, args, {}), args=tuple(args))

    def scales(self, equation: Equation) -> bool:
        """Whether an equation is a product entry by entry."""
        op = equation.call.op
        return op.elementwise and op.linear == EACH

    # ── before a product ──

    def scale(self, equation: Equation, worth: Callable[[Size], float]) -> Equation:
        """A factor of a product as one of its operands' where that has far fewer entries."""
        if not equation.call.op.elementwise or equation.adds:
            return equation
        for k in self.linear(equation):
            maker = self.maker(equation.args[k], equation)
            others = [arg for i, arg in enumerate(equation.args) if i != k]
            if maker is None or not others or not maker.call.op.letters:
                continue
            if any(not is_scalar(self.shape(other)) for other in others):
                continue
            entries = [worth(self.sizes.product(self.shape(arg))) for arg in maker.args]
            least = entries.index(min(entries))
            whole = worth(self.sizes.product(maker.call.shape))
            if OFTEN * entries[least] <= whole:
                args = self.args(_Wrap(equation, k), maker.args[least])
                less = self.made(equation, equation.call.op, args, "f")
                inner = tuple(self.args(_Wrap(maker, least), less))
                call = self.call(maker.call.op, inner, dict(maker.call.attrs))
                return self.stepped(equation._replace(call=call, args=inner))
        return equation

    def stepped(self, equation: Equation) -> Equation:
        """An equation with the step that it is, which its derivative is found by."""
        if equation.step is None:
            return equation
        args = tuple(
            f"@{k}" if isinstance(arg, Ref) else arg for k, arg in enumerate(equation.args)
        )
        return equation._replace(
            step=equation.step._replace(call=equation.call, args=args, rolled=None)
        )
