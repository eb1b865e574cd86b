"""Loops and sums unrolled: the iterations of a range, and the record of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradcli.lower.again import Copies
from gradcli.lower.env import Env
from gradcli.lower.names import check_new
from gradcli.lower.scope import Frame, Scope
from gradcli.program import Loop
from gradcli.sizes import Lettered, Number, of_size
from gradcli.syntax import ast
from gradcli.syntax.ast import Place


def iterate(
    env: Env,
    variable: ast.Name,
    ends: tuple[Number, Number],
    weight: int,
    place: Place,
    over: str = "",
    body: Sequence[ast.Code] | None = None,
) -> Iterator[Env]:
    """What each iteration of a loop or a sum is lowered in. All begin at the same z number.

    weight: how many operations one iteration has. over: the function that draws the terms of the
    range together, in a call of one. body: the code of an iteration that does no more than to
    append steps and to bind names: those that are like the one before are not given out, but
    appended here. Raises GradError for a variable that is not new,
    and a whole that is too long.
    """
    check_new(env, variable)
    first, last = int(ends[0].value), int(ends[1].value)
    frame = env.deeper(weight, place, last - first + 1)
    listing, numbering = env.listing, env.listing.numbering
    start = most = numbering.counter
    letter = env.text.sizes.lettered(variable.text)
    record = listing.recorder.begin(_loop(env, variable, ends, over))
    iterations: list[tuple[int, int]] = []
    copies = Copies(env, variable.text, body, adds=bool(over))
    try:
        for t in range(first, last + 1):
            begin = len(listing.steps)
            if not copies.stand(t):
                numbering.counter = start
                with copies.watched(t):
                    yield env._replace(
                        scope=_scope(env, variable, letter, t), frame=_inside(frame, letter, t)
                    )
                most = max(most, numbering.counter)
            iterations.append((begin, len(listing.steps)))
    finally:
        numbering.counter = most
        listing.recorder.end(record, iterations)


def plain_iterations(
    env: Env,
    variable: ast.Name,
    ends: tuple[Number, Number],
    weight: int,
    place: Place,
    over: str,
) -> Iterator[Env]:
    """The same for a range of which no loop is kept: its variable is a plain number.

    Its record has no iterations. Raises GradError as `iterate` does.
    """
    check_new(env, variable)
    first, last = int(ends[0].value), int(ends[1].value)
    frame = env.deeper(weight, place, last - first + 1)
    env.listing.recorder.begin(_loop(env, variable, ends, over))
    for t in range(first, last + 1):
        scope = Scope("loop", env.scope)
        scope.bind(variable.text, of_size(env.text.sizes.constant(t)), variable.place)
        yield env._replace(scope=scope, frame=frame)


def _loop(env: Env, variable: ast.Name, ends: tuple[Number, Number], over: str) -> Loop:
    """The record of a loop, but for its iterations."""
    first, last = ends
    return Loop(
        variable.text,
        int(first.value),
        int(last.value),
        ends,
        len(env.frame.indices),
        variable.place,
        over,
        (),
    )


def _scope(env: Env, variable: ast.Name, letter: Lettered, t: int) -> Scope:
    """The scope of one iteration, which knows the loop's variable."""
    scope = Scope("loop", env.scope)
    size = env.text.sizes.constant(t)
    scope.bind(variable.text, of_size(size)._replace(rolled=letter), variable.place)
    return scope


def _inside(frame: Frame, letter: Lettered, t: int) -> Frame:
    """The frame of one iteration."""
    indices = (*frame.indices, t)
    return frame._replace(
        indices=indices,
        letters=(*frame.letters, letter),
        suffix=f"[{', '.join(map(str, indices))}]",
    )
