"""Which forward values a backward pass needs, and which of them to compute again under a limit."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable
from itertools import combinations

from gradcli.record import Record
from gradcli.session import Session
from gradcli.sizes import Shape, Size
from gradcli.transform.reify import Row
from gradcli.views.cost import BYTES, total

MOST = 12  # of so many values and fewer every choice is tried


class Value(Record):
    """A forward value that the backward pass needs.

    bytes: its entries in double precision. last: the number of the last step that uses it, and
    `target` what that step computes. given: whether it is an input, which is there anyway. flops:
    what it takes to compute it again from inputs and the other values here, and `equations` the
    numbers of the equations that do. kept: whether the choice saves it.
    """

    name: str
    shape: Shape
    bytes: Size
    last: int
    target: str
    given: bool
    equations: tuple[int, ...]
    flops: Size
    kept: bool = True


class Saved(Record):
    """What to save.

    bytes: of what is saved, inputs not counted. flops: of what is computed again. limit: how many
    bytes may be saved; None for any number. cheapest: whether no other choice takes fewer flops.
    """

    values: tuple[Value, ...]
    bytes: int
    flops: int
    limit: int | None = None
    cheapest: bool = True


def saved(session: Session, limit: int | None = None) -> Saved:
    """The values that the backward pass needs, in the order in which they are last used.

    limit: in bytes; the choice of values that may be saved then takes the fewest operations to
    compute the others again, each once: the best of all where there are at most 12 values that
    are no inputs, else found by leaving out what costs least for each byte, one after the other.
    """
    found = _Choice(session)
    needed = set(found.last)
    computed = [name for name in found.last if name in found.makers]
    kept, cheapest = set(computed), True
    if limit is not None and found.size(kept) > limit:
        cheapest = len(computed) <= MOST
        kept = found.best(computed, limit) if cheapest else found.greedy(computed, limit)
    values = []
    for name, number in sorted(found.last.items(), key=lambda item: item[1]):
        again = found.again([name], needed - {name})
        values.append(
            Value(
                name,
                session.program.shapes[name],
                found.bytes(name),
                number,
                found.derivation.left(found.rows[number - 1]),
                name not in found.makers,
                tuple(k + 1 for k in sorted(again)),
                found.flops(again),
                name in kept or name not in found.makers,
            )
        )
    rest = found.again([name for name in computed if name not in kept], kept)
    return Saved(tuple(values), found.size(kept), int(found.flops(rest).value), limit, cheapest)


class _Choice:
    def __init__(self, session: Session) -> None:
        self.program = session.program
        self.sizes = session.program.sizes
        self.derivation = session.derivation.literal or session.derivation
        self.rows = self.derivation.rows
        self.makers = {step.name: k for k, step in enumerate(self.program.steps)}
        self.last: dict[str, int] = {}
        for number, row in enumerate(self.rows, 1):
            for name in self.used(row):
                self.last[name] = number

    def used(self, row: Row) -> Iterable[str]:
        """The forward values in a row's formula."""
        step = self.program.steps[row.eq - 1]
        code = row.contribution.code
        places = {place for _, operands in code.calls for place in operands}
        leaves = (None, step.name, *step.args)
        for place in (*places, code.result):
            if isinstance(place, int) and -len(leaves) <= place < 0:
                name = leaves[~place]
                if isinstance(name, str):
                    yield name

    def bytes(self, name: str) -> Size:
        return total([self.sizes.product(self.program.shapes[name])], self.sizes, BYTES)

    def size(self, names: Iterable[str]) -> int:
        return sum(int(self.bytes(name).value) for name in names)

    def flops(self, steps: Iterable[int]) -> Size:
        return total((self.program.steps[k].call.flops for k in steps), self.sizes)

    def again(self, names: Iterable[str], there: Collection[str]) -> set[int]:
        """The steps that compute names from inputs and from what is there."""
        found: set[int] = set()
        stack = list(names)
        while stack:
            k = self.makers.get(stack.pop())
            if k is not None and k not in found:
                found.add(k)
                args = self.program.steps[k].args
                stack += [a for a in args if isinstance(a, str) and a not in there]
        return found

    def price(self, computed: Iterable[str], kept: Collection[str]) -> int:
        again = self.again([name for name in computed if name not in kept], kept)
        return sum(int(self.program.steps[k].call.flops.value) for k in again)

    def best(self, computed: list[str], limit: int) -> set[str]:
        choices = (
            set(some)
            for count in range(len(computed) + 1)
            for some in combinations(computed, count)
            if self.size(some) <= limit
        )
        return min(choices, key=lambda kept: (self.price(computed, kept), self.size(kept)))

    def greedy(self, computed: list[str], limit: int) -> set[str]:
        kept, left = set(computed), self.size(computed)
        more: set[int] = set()  # the steps that are computed again already

        def price(name: str) -> float:
            steps = self.again([name], kept - {name}) - more
            flops = sum(int(self.program.steps[k].call.flops.value) for k in steps)
            return flops / max(self.size([name]), 1)

        waiting = [(price(name), k, name) for k, name in enumerate(computed)]
        heapq.heapify(waiting)
        while waiting and left > limit:
            _, k, name = heapq.heappop(waiting)
            now = price(name)
            if waiting and now > waiting[0][0]:
                heapq.heappush(waiting, (now, k, name))
                continue
            more |= self.again([name], kept - {name})
            kept.discard(name)
            left -= self.size([name])
        return kept
