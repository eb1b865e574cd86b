"""Products that share an operand as one over stacked operands, and what goes along with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from gradcli.emit.following import Following
from gradcli.emit.order import Entry
from gradcli.emit.stacks import Found, Stack
from gradcli.nests.nest import Equation, Nest, Operand, Ref, variables
from gradcli.ops.core import ALL
from gradcli.sizes import is_one

MOST = 1_000  # equations: a nest with more is one that is written out


def stacked(
    nest: Nest, kept: Collection[str], known: Sequence[Stack], taken: Iterable[str]
) -> tuple[Nest, list[Stack]]:
    """A nest with its products drawn together, and the stacks that there are.

    kept: the names that are asked for. known: stacks that are there before. taken: names in use.
    """
    if len(nest.equations) > MOST:
        return nest, []
    stacking = _Stacking(nest, kept, known, taken)
    stacking.products(terms=False)
    stacking.contractions()
    stacking.products(terms=True)
    stacking.sums()
    stacking.totals()
    return stacking.result(), stacking.stacks


class _Stacking(Following):
    # ── products ──

    def products(self, terms: bool) -> None:
        """Products of several matrices with one. terms: those that are terms of a sum too.

        These come last: of several products with the members of one stack the sum is one product.
        """
        groups: dict[Any, list[Entry]] = {}
        for entry in self.entries:
            if entry.new or (not terms and self.term(entry)):
                continue
            for k in self.differing(entry.equation):
                mine, other = entry.equation.args[k], entry.equation.args[1 - k]
                assert isinstance(mine, Ref)
                adds = entry.equation.adds
                key = (entry.equation.call.op.name, k, other, entry.path, mine.at, adds)
                groups.setdefault(key, []).append(entry)
        some = [(key[1], group) for key, group in groups.items() if len(group) > 1]
        self.roots = self.tagged([group for _, group in some])
        self.rows = [{entry.equation.args[k] for entry in group} for k, group in some]
        for k, group in sorted(some, key=lambda one: -len(one[1])):
            there = {id(entry) for entry in self.entries}  # products before may have replaced some
            left = [entry for entry in group if id(entry) in there]
            operands = {entry.equation.args[k] for entry in left}
            if len(operands) == len(left) > 1:
                self.trying(lambda left=left, k=k: self.product(left, k))  # type: ignore[misc]

    def term(self, entry: Entry) -> bool:
        """Whether an equation's value is a term of a sum and nothing else."""
        name = entry.equation.target.name
        op = self.users[name][0].equation.call.op if self.single(name) else None
        return op is not None and op.regroups and op.linear == ALL

    def differing(self, equation: Equation) -> Iterator[int]:
        """The operands of a product of matrices along which it may be stacked."""
        shapes = equation.call.signature.shapes
        if not equation.call.op.letters or any(len(shape) != 2 for shape in shapes):
            return
        if not all(isinstance(arg, Ref) for arg in equation.args) or equation.spans is not None:
            return
        if len(self.makers[equation.target.name]) != 1:
            return
        if equation.target.at if equation.adds else not self.plain(equation):
            return
        for k in (0, 1):
            mine = equation.args[k]
            assert isinstance(mine, Ref)
            letters = {loop.variable for loop in equation.loops}
            fixed = all(variables(size).isdisjoint(letters) for size in mine.at)
            summed = shapes[k][1 - k]
            if fixed or is_one(summed) or equation.adds or self.along(mine, k):
                yield k

    def along(self, ref: Ref, axis: int) -> bool:
        return any(stack.axis == axis and ref in stack.members for stack in self.stacks)

    def tagged(self, groups: Sequence[Sequence[Entry]]) -> dict[str, int]:
        """In how many groups of products each of what they lead to and come from takes part."""
        counts: dict[str, int] = {}
        for group in groups:
            tags = {tag for entry in group for tag in self.tags(entry.equation)}
            for tag in tags:
                counts[tag] = counts.get(tag, 0) + 1
        return counts

    def tags(self, equation: Equation) -> Iterator[str]:
        yield from (ref.name for ref in equation.refs())
        name = equation.target.name
        while self.single(name):
            user = self.users[name][0].equation
            if not user.call.op.regroups:
                break
            name = user.target.name
        yield name

    def arranged(self, group: Sequence[Entry], k: int) -> list[Entry]:
        """Products in the order of a stack that their operands, or these' partners, are in.

        Where there is none, those that take part in the most groups come first, and those with
        which the same is done are neighbours: members of a smaller group stand together then.
        """
        mine = [entry.equation.args[k] for entry in group]
        for stack in self.stacks:
            places = [stack.members.index(ref) for ref in mine if ref in stack.members]
            if len(places) == len(mine):
                return [entry for _, entry in sorted(zip(places, group, strict=True))]
        partners = [self.partners(ref) for ref in mine if isinstance(ref, Ref)]
        for stack in self.stacks:
            found = [
                next((i for i, ref in enumerate(stack.members) if ref in some), None)
                for some in partners
            ]
            if None not in found and len(set(found)) == len(found):
                order = sorted(range(len(group)), key=lambda i: found[i])  # type: ignore[arg-type,return-value]
                return [group[i] for i in order]

        kinds: dict[Any, int] = {}

        def first(entry: Entry) -> tuple[int, int]:
            own = list(self.own(entry.equation, k))
            users = self.users.get(own[-1], ()) if own else ()
            kind = [self.doing(user) for user in users]
            number = kinds.setdefault(str(kind[:1]), len(kinds))
            return -max(self.roots.get(tag, 0) for tag in own), number

        return sorted(group, key=first)

    def own(self, equation: Equation, k: int) -> Iterator[str]:
        """The tags of a product but for the operand that it shares."""
        shared = equation.args[1 - k]
        for tag in self.tags(equation):
            if not (isinstance(shared, Ref) and tag == shared.name):
                yield tag

    def partners(self, ref: Ref) -> set[Ref]:
        """What a quantity is multiplied with, as it is and turned."""
        found: set[Ref] = set()
        for entry in self.users.get(ref.name, ()):
            if entry.equation.call.op.letters:
                for other in entry.equation.refs():
                    found.add(self.turned(other) or other)
        return found - {ref}

    def turned(self, operand: Operand) -> Ref | None:
        """What an operand is the transpose of."""
        maker = self.maker(operand)
        if maker is None or not maker.equation.call.op.turns:
            return None
        (source,) = maker.equation.args
        return source if isinstance(source, Ref) else None

    def product(self, group: Sequence[Entry], k: int) -> bool:
        group = self.arranged(group, k)
        first = group[0].equation
        operand = self.operand([e.equation.args[k] for e in group], k, group)
        if operand is None:
            return False
        args, shapes = list(first.args), list(first.call.signature.shapes)
        args[k], shapes[k] = operand
        call = self.call(first.call.op, shapes)
        name = self.key([entry.equation.target.name for entry in group], "product")
        target = Ref(name, first.target.at)
        ref = self.add(first._replace(target=target, call=call, args=tuple(args), step=None), group)
        members = [entry.equation.target for entry in group]
        self.register(ref, k, members, group)
        return True

    def operand(
        self, operands: Sequence[Operand], axis: int, like: Sequence[Entry]
    ) -> Found | None:
        """Matrices as one: transposes by what they are of."""
        if found := self.there(operands, axis, like):
            return found
        sources = [self.turned(operand) for operand in operands]
        if all(source is not None for source in sources):
            turned = self.there([s for s in sources if s is not None], 1 - axis, like)
            if turned is not None:
                maker = self.maker(operands[0])
                assert maker is not None
                assert isinstance(turned.operand, Ref)
                call = self.call(maker.equation.call.op, [turned.shape])
                loops = maker.equation.loops if turned.operand.at else ()
                target = Ref(self.key([str(turned.operand.name)]), turned.operand.at)
                ref = self.add(Equation(target, call, (turned.operand,), loops), like)
                return Found(ref, call.shape)
        if found := self.column(operands, axis, like):
            return found
        fixed = all(isinstance(operand, Ref) and not operand.at for operand in operands)
        often = sum(row.issuperset(operands) for row in self.rows) > 1
        return self.gathered(operands, axis, like) if fixed or often else None

    # ── sums of products ──

    def contractions(self) -> None:
        """A sum of products with the members of a stack as one product with the stack."""
        for entry in list(self.entries):
            op = entry.equation.call.op
            ends = op.regroups and op.linear == ALL and not self.inner(entry)
            if ends and entry in self.entries:
                for stack in sorted(self.stacks, key=lambda stack: -len(stack.members)):
                    if self.trying(lambda entry=entry, stack=stack: self.contraction(entry, stack)):  # type: ignore[misc]
                        break

    def contraction(self, entry: Entry, stack: Stack) -> bool:
        equation = entry.equation
        op = equation.call.op
        k = 1 - stack.axis  # which operand of the products is stacked along the axis summed over
        rows = self.flat(equation, op)
        places: dict[int, tuple[Operand, Entry]] = {}
        for operand in rows:
            maker = self.maker(operand)
            if maker is None or not isinstance(operand, Ref) or not self.single(operand.name):
                continue
            call = maker.equation.call
            if call.op.letters and all(len(shape) == 2 for shape in call.signature.shapes):
                mine = maker.equation.args[k]
                if mine in stack.members and maker.equation.loops == equation.loops:
                    places.setdefault(stack.members.index(mine), (operand, maker))
        order = sorted(places)
        if len(order) < 2 or order != list(range(order[0], order[-1] + 1)):
            return False
        terms = [places[place][1] for place in order]
        others = [term.equation.args[1 - k] for term in terms]
        letters = {loop.variable for loop in equation.loops}
        fixed = all(
            isinstance(other, Ref) and all(variables(size).isdisjoint(letters) for size in other.at)
            for other in others
        )
        if not fixed:
            return False
        stacked = self.there([term.equation.args[k] for term in terms], stack.axis, terms)
        assert stacked is not None
        beside = self.operand(others, 1 - stack.axis, terms)
        if beside is None:
            return False
        both = [stacked, beside] if k == 0 else [beside, stacked]
        call = self.call(terms[0].equation.call.op, [found.shape for found in both])
        args = tuple(found.operand for found in both)
        gone = [places[place][0] for place in order]
        rest = [operand for operand in rows if operand not in gone]
        if not rest:
            self.replace(entry, equation._replace(call=call, args=args))
            return True
        at = tuple(self.sizes.dims[loop.variable] for loop in equation.loops)
        target = Ref(self.key([equation.target.name], "product"), at)
        product = self.add(Equation(target, call, args, equation.loops), [entry], -1e-3)
        total = self.joined(
            entry._replace(equation=equation._replace(target=Ref(equation.target.name, at))),
            op,
            [product, *rest[:-1]],
        )
        ending = self.call(op, [self.shape(total), self.shape(rest[-1])])
        self.replace(entry, equation._replace(call=ending, args=(total, rest[-1])))
        return True

    def inner(self, entry: Entry) -> bool:
        """Whether an equation's value goes on in the chain of its operation alone."""
        name = entry.equation.target.name
        if not self.single(name):
            return False
        user = self.users[name][0]
        return user.equation.call.op is entry.equation.call.op and user.path == entry.path
