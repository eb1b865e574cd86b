"""What is done to each of several stacked quantities alike, done to their stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gradcli.emit.columns import Columns
from gradcli.emit.order import Cyclic, Entry, ordered
from gradcli.emit.stacks import Stack
from gradcli.nests.nest import Ref


class Following(Columns):
    """Goes on from stacks to what uses them."""

    def trying(self, step: Callable[[], bool]) -> bool:
        """Do what leads to something that can be put in order, or nothing."""
        state = self.state()
        try:
            if step():
                self.prune()
                list(ordered(self.entries))
                return True
        except Cyclic:
            pass
        self.restore(state)
        return False

    def sums(self) -> None:
        """What is done to each member of a stack alike, done to the stack."""
        waiting = sorted(self.stacks, key=lambda stack: -len(stack.members))
        while waiting:
            stack = waiting.pop(0)
            for roots in self.following(stack):
                before = len(self.stacks)
                if self.trying(
                    lambda roots=roots, axis=stack.axis: (  # type: ignore[misc]
                        self.column([e.equation.target for e in roots], axis, roots) is not None
                    )
                ):
                    waiting += self.stacks[before:]

    def totals(self) -> None:
        """What each member of a stack adds up to over a loop, as the total of the stack."""
        for stack in list(self.stacks):
            rows = [
                [user for user in self.users.get(member.name, ()) if self.adding(user, member)]
                for member in stack.members
            ]
            if stack.ref.at and all(rows):
                self.trying(lambda stack=stack, rows=rows: self.total(stack, [r[0] for r in rows]))  # type: ignore[misc]

    def adding(self, entry: Entry, ref: Ref) -> bool:
        equation = entry.equation
        adds = equation.adds and equation.call.op.copies and equation.spans is None
        alone = len(self.makers[equation.target.name]) == 1 and not equation.target.at
        return adds and alone and equation.args == (ref,) and not self.plain(equation)

    def total(self, stack: Stack, group: Sequence[Entry]) -> bool:
        first = group[0].equation
        if any(entry.path != group[0].path for entry in group):
            return False
        call = self.call(first.call.op, [stack.shape])
        target = Ref(self.key([entry.equation.target.name for entry in group], "total"))
        ref = self.add(first._replace(target=target, call=call, args=(stack.ref,)), group)
        self.register(ref, stack.axis, [entry.equation.target for entry in group], group)
        return True

    def following(self, stack: Stack) -> Iterator[list[Entry]]:
        """Equations that do the same to neighbours in a stack, one for each."""
        kinds: dict[Any, dict[int, Entry]] = {}
        for k, member in enumerate(stack.members):
            for user in self.users.get(member.name, ()):
                if user.equation.call.op.elementwise:
                    kinds.setdefault(self.doing(user), {}).setdefault(k, user)
        for row in kinds.values():
            places = sorted(row)
            roots = [self.root(row[k]) for k in places]
            names = {entry.equation.target.name for entry in roots}
            neighbours = places[-1] - places[0] == len(places) - 1 > 0
            if neighbours and len(names) == len(places):
                yield roots

    def doing(self, entry: Entry) -> Any:
        """What equations have in common that do the same."""
        return entry.equation.call.op.name, entry.equation.call.attrs, entry.path

    def root(self, entry: Entry) -> Entry:
        """The end of the chain of one operation in which an equation stands."""
        op = entry.equation.call.op
        while op.regroups and self.single(entry.equation.target.name):
            user = self.users[entry.equation.target.name][0]
            if user.equation.call.op is not op or user.equation.adds or user.path != entry.path:
                break
            entry = user
        return entry
