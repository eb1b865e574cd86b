"""Which iterations of a loop assign alike, and what tells them from the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gradcli.loops import Block, Ends, Indices, Place
from gradcli.program import Loop
from gradcli.transform.letters import bounds

MOST_CASES = 4
LONGEST_BOUND = 8  # of a bound's text; a longer one is shown by its value
OTHERWISE = "otherwise"
EITHER = {(a, b) for a in (False, True) for b in (False, True)}


def cases(
    block: Block, steps: Sequence[tuple[Place, Mapping[Indices, str]]]
) -> list[tuple[str, list[Indices]]]:
    """The iterations in groups that assign alike, in the order of the backward pass, with names.

    steps: for each backward step its equation, and its `=` or `+=` in the iterations that have it.
    """
    groups: list[tuple[list[str | None], list[Indices]]] = []
    for indices in block.ends:
        # None where the equation is not there at all, which is no difference.
        mine = [
            assigns.get(indices, "") if indices in place.where else None for place, assigns in steps
        ]
        for known, members in reversed(groups):
            if all(a == b or a is None or b is None for a, b in zip(known, mine, strict=True)):
                known[:] = [a if a is not None else b for a, b in zip(known, mine, strict=True)]
                members.append(indices)
                break
        else:
            groups.append((mine, [indices]))
    named = [(_name(block, members, len(groups)), members) for _, members in groups]
    clear = [(name, members) for name, members in named if name != OTHERWISE]
    if len(named) == len(clear) <= MOST_CASES:
        return named
    kept = clear[: MOST_CASES - 1]
    rest = [i for name, members in named if (name, members) not in kept for i in members]
    return [*kept, (OTHERWISE, rest)]


def _name(block: Block, members: Sequence[Indices], groups: int) -> str:
    every = f"every {block.loops[-1].variable}"
    return every if groups == 1 else condition(block.loops, members, block.ends)


def condition(
    loops: Sequence[Loop], members: Iterable[Indices], among: Mapping[Indices, Ends]
) -> str:
    """What tells some iterations from the others: `t = T`, `1 < t < T`, `t = T, j = 2` …."""
    known = set(members)
    texts, tests = [], []
    for k, loop in enumerate(loops):
        text, test = _condition(loop, {among[i][k] for i in known})
        texts.append(text)
        tests.append(test)
    agree = {
        i for i, ends in among.items() if all(e in t for e, t in zip(ends, tests, strict=True))
    }
    if agree == known and any(texts):
        return ", ".join(filter(None, texts))
    values = sorted({i[-1] for i in known})
    if len(values) <= 3 and {i for i in among if i[-1] in values} == known:
        return f"{loops[-1].variable} = {', '.join(map(str, values))}"
    return OTHERWISE


def _condition(loop: Loop, found: set[tuple[bool, bool]]) -> tuple[str, set[tuple[bool, bool]]]:
    """The narrowest condition on a loop's variable that some iterations meet; where it holds."""
    t = loop.variable
    first, last = (
        text if len(text) <= LONGEST_BOUND else str(value)
        for text, value in zip(bounds(loop), (loop.first, loop.last), strict=True)
    )
    conditions = {
        f"{t} = {last}": {e for e in EITHER if e[1]},
        f"{t} = {first}": {e for e in EITHER if e[0]},
        f"{first} < {t} < {last}": {(False, False)},
        f"{t} < {last}": {e for e in EITHER if not e[1]},
        f"{t} > {first}": {e for e in EITHER if not e[0]},
    }
    return next(
        ((text, where) for text, where in conditions.items() if found <= where), ("", EITHER)
    )
