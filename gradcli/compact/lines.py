"""Which derivatives keep a name, and the line of each: the compact backward pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from math import prod
from typing import NamedTuple

from gradcli.compact.atoms import Constant, Seed
from gradcli.compact.book import Book
from gradcli.compact.chain import forward, meant
from gradcli.compact.closed import Rewritten, closing
from gradcli.compact.extract import Extractor
from gradcli.compact.holding import alone, is_long, multiple, names_in
from gradcli.compact.naming import pattern
from gradcli.compact.simplify import Price, Simplifier, is_numbered, price
from gradcli.compact.terms import Atom, Value
from gradcli.compact.trees import Grove, Tree, shared
from gradcli.interpret import interpret
from gradcli.ops.core import Array
from gradcli.program import Program, Step
from gradcli.sizes import Size, is_scalar
from gradcli.transform.reverse import Derivation
from gradcli.transform.vjp import Known


class Line(NamedTuple):
    """What a derivative is: put together from the literal steps, and as the rules leave it.

    `more` names what arrives from above and is added to, where something does. `also` is a wanted
    derivative that is the same, under whose name the line is shown.
    """

    name: str
    also: str
    more: str
    chained: Value
    value: Value
    way: tuple[Rewritten, ...]
    tree: Tree


class Lines:
    """Finds the lines of a derivation.

    values: what its inputs are worth. apart: of a loop's body, the variables whose derivatives gain
    more elsewhere, so that what they gain here has a line that no other one uses. applied: the
    inverses in place of which a product solves a system.
    """

    def __init__(
        self,
        derivation: Derivation,
        values: Mapping[str, Array],
        apart: Collection[str] | None = None,
        applied: Collection[str] = (),
    ) -> None:
        self.data = values
        self.derivation = derivation
        self.reified = derivation.reified
        program = derivation.program
        self.book = Book(program.sizes)
        self.book.close = partial(closing, self.book)
        self.values = forward(program, self.book, values)
        self.grove = Grove(program.sizes)
        for step in program.steps:
            if step.name in applied:
                (name,) = step.operands()
                matrix = self.grove.name(Known(name), program.shapes[name])
                self.grove.applied[Known(step.name)] = (step.call.op.applied, matrix)
        self.extractor = Extractor(self.book, self.grove)
        patterns = [
            p
            for known in (self.book.products, self.book.defined)
            for name, x in known.items()
            if (p := pattern(name, x)) is not None
        ]
        self.simplifier = Simplifier(self.book, self.extractor, patterns)
        self.places = {step.name: k for k, step in enumerate(self.reified.steps)}
        self.totals = {total: name for name, total in self.reified.totals.items()}
        self.wanted = {self.reified.totals[name] for name in derivation.wrt}
        pairs = zip(program.given, self.reified.arriving, strict=True)
        self.gaining = {self.reified.totals[item.name]: name for item, name in pairs}
        totals = self.reified.totals
        self.apart = {totals[name] for name in apart or () if name in totals}
        self.repeats = apart is not None
        self.plain: Collection[str] = ()
        self.by_another: dict[str, tuple[str, Fraction]] = {}  # wanted multiples of derivatives
        self.others: dict[str, Value] = {}  # all derivatives, in terms of those that were kept last
        self.fixed = self.wanted | set(self.gaining)
        self._divisors()

    def found(self, plain: Collection[str] = (), every: bool = False) -> list[Line]:
        """The lines, in an order in which each uses earlier ones alone.

        plain: those to which no rule is applied. every: begin with every derivative's name kept.
        """
        self.plain = plain
        kept = set(self._chained(self.totals)) if every else self._used_twice()
        self.by_another = {}
        kept, lines = self._fewer(kept, self.built(kept), lambda some: price(_trees(some)))
        return self._by_another(*self._fewer(kept, lines, self.cost))

    def _by_another(self, kept: set[str], lines: list[Line]) -> list[Line]:
        """What is wanted and a multiple of a derivative that is not gives it its line.

        That line less is worth one operation an entry.
        """
        free = self.wanted - self.apart - set(self.gaining)
        nameless = {line.name for line in lines if not line.also} - self.fixed - self.apart
        for line in lines:
            other, c = multiple(line.value)
            if line.name not in free or other not in nameless & kept:
                continue
            before = self.by_another
            self.by_another = {**before, other: (line.name, c)}
            fewer = self.built(kept - {other})
            entries = prod([int(size.value) for size in line.value.shape])
            if fewer and self.cost(fewer)[0] <= self.cost(lines)[0] + entries:
                kept, lines = kept - {other}, fewer
            else:
                self.by_another = before
        return lines

    def _fewer(
        self, kept: set[str], lines: list[Line], cost: Callable[[list[Line]], Price]
    ) -> tuple[set[str], list[Line]]:
        """Fewer names, as long as that costs less."""
        best = cost(lines)
        changed = True
        while changed:
            changed = False
            for some in self._alike(kept - self.fixed):
                recurs = any(names_in(n.chained) & some for n in lines if n.name in some)
                fewer = [] if recurs else self.built(kept - some)  # recurrences stay what they are
                if fewer and (found := cost(fewer)) < best:
                    kept, lines, best, changed = kept - some, fewer, found, True
        return kept, lines

    def _alike(self, names: set[str]) -> list[set[str]]:
        """Names in groups that are decided on together: those of one step of a loop's body.

        The last of the backward pass come first.
        """
        rolled = {step.name: step.rolled for step in self.derivation.program.steps}
        groups: dict[object, set[str]] = {}
        for name in sorted(names, key=self._place, reverse=True):
            variable = self.totals[name]
            groups.setdefault(rolled.get(variable) or variable, set()).add(name)
        return list(groups.values())

    def _place(self, name: str) -> int:
        return self.places[name]

    def cost(self, lines: Sequence[Line]) -> Price:
        """What some lines cost; a derivative that one line alone uses costs what any line of its
        own does, an operation an entry, and so does a scalar that is no loop's.
        """
        flops, names, length = price(_trees(lines), frugal=False)
        if not self.repeats:
            flops += sum(is_scalar(tree.shape) for tree in shared(_trees(lines)).lines)
        uses = Counter(name for line in lines for name in names_in(line.value))
        for line in lines:
            lone = uses[line.name] == 1 or (is_scalar(line.value.shape) and not self.repeats)
            if lone and line.name not in self.fixed and not line.also:
                flops += prod([int(size.value) for size in line.value.shape])
        return flops, names, length

    # ── the backward pass with some derivatives kept ──

    def _begun(self) -> dict[str, Value]:
        """What is known before the backward pass: the forward one, and what arrives."""
        values = dict(self.values)
        for item in self.reified.program.inputs:
            if item.name in self.reified.arriving:
                atom = self.book.name(item.name, item.shape, linear=True)
                values[item.name] = self.book.alone(atom)
        return values

    def _chained(self, kept: Collection[str]) -> dict[str, Value]:
        """What each kept derivative is, in terms of the others that are kept."""
        found: dict[str, Value] = {}
        book = self.book
        values = self._begun()
        seed = self.reified.steps[0].name if self.derivation.program.loss else ""

        def meaning(step: Step, operands: list[Value]) -> Value:
            if step.name == seed:
                return book.alone(book.seed)
            x = meant(book, step, operands)
            if step.name in self.totals:
                self.others[step.name] = x
            if step.name in self.by_another:
                name, c = self.by_another[step.name]
                found[name] = book.scaled(x, c)
                atom = book.name(name, step.call.shape, linear=True)
                return book.scaled(book.alone(atom), 1 / c)
            if step.name in found:
                return book.alone(book.name(step.name, step.call.shape, linear=True))
            if step.name in kept or (step.name in self.totals and is_long(x)):
                found[step.name] = x
                named = step.name not in self.gaining and (not x.terms or self._is_name(x))
                if named or step.name in self.apart:
                    return x
                return book.alone(book.name(step.name, step.call.shape, linear=True))
            return x

        interpret(self.reified.steps, values, meaning, book.number)
        return found

    @staticmethod
    def _is_name(x: Value) -> bool:
        """Whether a value is a derivative that has a name, stretched at most, or a number."""
        ((term, c),) = x.terms if len(x.terms) == 1 else (((), 0),)
        if any(isinstance(f.atom.what, Seed) for f in term):
            return all(isinstance(f.atom.what, Seed | Size | Constant) for f in term)
        return c == 1 and len(term) == 1 and term[0].atom.linear and term[0].exponent == 1

    def derivatives(self, lines: Sequence[Line]) -> dict[int, str]:
        """The derivatives that have no line, by the trees that compute them."""
        self._chained({line.name for line in lines})
        shown = {line.name for line in lines}
        found: dict[int, str] = {}
        for name, x in self.others.items():
            if name not in shown and x.linear and not is_long(x):
                found.setdefault(self.extractor.line(x).number, name)
        return found

    def _divisors(self) -> None:
        """What the backward pass divides by is not 0 where it has a value.

        Not so where a branch is chosen behind the division.
        """
        book = self.book
        found = set(self.totals)  # the steps on the way to a derivative without a branch
        for step in reversed(self.reified.steps):
            if step.name in found and step.call.op.branches is None:
                found.update(step.operands())
        dividing: set[Atom] = set()

        def meaning(step: Step, operands: list[Value]) -> Value:
            book.divided.clear()
            x = meant(book, step, operands)
            if step.name in found:
                dividing.update(book.divided)
            if step.name in self.totals:
                return book.alone(book.name(step.name, step.call.shape, linear=True))
            return x

        interpret(self.reified.steps, self._begun(), meaning, book.number)
        book.not_zero = dividing

    def _used_twice(self) -> set[str]:
        """The derivatives that are wanted, or that two others use."""
        found = self._chained(self.totals)
        uses: dict[str, int] = {}
        for x in found.values():
            for name in names_in(x):
                uses[name] = uses.get(name, 0) + 1
        kept = {n for n in found if n in self.fixed or uses.get(n, 0) > 1}
        return kept | set(self._chained(kept))

    def built(self, kept: set[str]) -> list[Line]:
        """The lines with these derivatives kept; none where one would be too long."""
        chained = self._chained(kept)
        if not kept >= set(chained):
            return []
        self.simplifier.begin()
        lines: dict[str, Line] = {}
        for name, whole in chained.items():
            x, more = whole, self.gaining.get(name, "")
            if more:
                atom = self.book.name(more, x.shape, linear=True)
                x = self.book.add(x, self.book.alone(atom), -1)
            if not x.terms and (more or name not in self.wanted):
                continue
            as_is = name in self.plain or not x.terms
            short, way = (x, []) if as_is else self.simplifier.simplified(x)
            tree = self.extractor.line(short)
            if name in self.apart and tree.args:  # what others may use is what it is a copy of
                tree = self.grove.apply("copy", tree)
            lines[name] = Line(name, "", more, x, short, tuple(way), tree)
            if more or name in self.apart:
                continue
            atom = self.book.name(name, x.shape, linear=True)
            self.simplifier.keep(atom, x, short)
        return list(self._needed(self._merged(lines)))

    def _merged(self, lines: dict[str, Line]) -> dict[str, Line]:
        """A copy is its source: what is wanted and equal to what is not gives that its name."""
        found = dict(lines)
        for name, line in lines.items():
            source = alone(line.value)
            usable = name in self.wanted and name not in self.apart
            if usable and source in found and source not in self.fixed:
                own = found[source]
                if not own.also and own.value.shape == line.value.shape:
                    found[source] = own._replace(also=name)
                    del found[name]
        return found

    def _needed(self, lines: dict[str, Line]) -> Iterator[Line]:
        needed = set(self.wanted)
        for name in reversed(lines):
            if name in needed or lines[name].also:
                needed.add(name)
                needed |= names_in(lines[name].value)
        return (line for name, line in lines.items() if name in needed)


def applicable(program: Program) -> set[str]:
    """The inverses that nobody gave a name: what multiplies by one may solve a system instead."""
    return {
        step.name
        for step in program.steps
        if step.call.op.applied
        and is_numbered(step.name)
        and step.operands() == step.args
        and len(step.call.shape) == 2
    }


def _trees(lines: Sequence[Line]) -> list[Tree]:
    return [line.tree for line in lines]
