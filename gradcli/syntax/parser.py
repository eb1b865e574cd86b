"""The parser: lark's tables, driven without recursion; reductions write postfix code directly.

A statement with an error is left out, and the parser goes on behind it, so that one run reports
every error of a file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

from gradcli.errors import MOST_ERRORS, GradError, GradErrors, Source, Span
from gradcli.record import Record
from gradcli.syntax import recovery
from gradcli.syntax.ast import Place, Signs
from gradcli.syntax.build import Builder
from gradcli.syntax.lalr import Rule, Table, load
from gradcli.syntax.lexer import END, MODEL, Token, Words, cut, on_paper, tokens

STRUCTURE = {"_NL", "_INDENT", "_DEDENT"}


class Result(Record):
    """The statements of a source, where they and the signs of their operations stand, the names in
    it, the errors, and the words of the statements left out.
    """

    statements: tuple[Any, ...]
    extents: tuple[Place, ...]
    signs: dict[Place, Signs]
    used: set[str]
    errors: list[GradError]
    lost: set[str]


Reduction: TypeAlias = tuple[str, int, Callable[[Sequence[Any]], Any] | None]


def parse(source: Source, start: str, loss: str | None = None) -> Result:
    """Parse a source, and go on behind each error.

    start: "model" or "derivation". loss: what a derivation's model calls it. Raises GradErrors
    where there are too many errors.
    """
    notation = on_paper(loss) if start == "derivation" else MODEL
    return Parser(cut(source, notation), load(), start).run()


class Parser:
    """The state of a parse: the two stacks, and a mark for each block that is open."""

    def __init__(self, words: Words, table: Table, start: str) -> None:
        self.words = words
        self.table = table
        self.build = Builder()
        self.reductions = [_reduction(rule, self.build) for rule in table.rules][::-1]
        self.derivation = start == "derivation"
        self.states = [table.start[start]]
        self.end_state = table.end[start]
        self.values: list[Any] = []
        self.marks: list[recovery.Mark | None] = [None]
        self.indents = [""]
        self.fresh = True  # whether the next token begins a statement
        self.begin = 0  # of the statement that is being read
        self.extents: list[Place] = []
        self.expected: frozenset[str] = frozenset()
        self.broken: set[int] = set()  # the blocks, by their depth, that hold a statement left out
        self.jumps: dict[tuple[int, str, str], tuple[int, int | None]] = {}

    def run(self) -> Result:
        errors: list[GradError] = []
        lost: set[str] = set()
        first = 0
        while True:
            try:
                self.advance(first)
            except GradError as error:
                found = recovery.leave_out(self.stopped(), error)
                self.leave(error, found)
                self.go_back(found)
                first = found.end
                errors += found.errors
                lost |= found.lost
                if len(errors) >= MOST_ERRORS:
                    raise GradErrors(errors) from None
            else:
                used = self.words.names()
                extents = tuple(self.extents)
                return Result(tuple(self.values[-1]), extents, self.build.signs, used, errors, lost)

    def advance(self, first: int) -> None:
        """Parse from the line behind a line end to the end. Raises GradError at the first error."""
        table, stack, values = self.table.states, self.states, self.values
        reductions, jumps, tape = self.reductions, self.jumps, self.build.tape
        fresh = self.fresh
        for token in tokens(self.words, self.indents, first):
            kind = token[0]
            action = table[stack[-1]].get(kind)
            while action is None or action < 0:
                if action is None:
                    if kind == "NAME" or token[1] not in self.table.keywords:
                        raise self.unexpected(token)
                    kind = "NAME"  # a keyword is a name where no keyword may stand
                    action = table[stack[-1]].get(kind)
                    continue
                origin, size, reduce = reductions[action]
                if size == 1:
                    if reduce is not None:
                        values[-1] = reduce((values[-1],))
                    stack.pop()
                elif size == 3:
                    last, middle = values.pop(), values.pop()
                    values[-1] = reduce((values[-1], middle, last))  # type: ignore[misc]
                    del stack[-3:]
                elif size:
                    values[-size:] = (reduce(values[-size:]),)  # type: ignore[misc]
                    del stack[-size:]
                else:
                    values.append(reduce(()))  # type: ignore[misc]
                below = stack[-1]
                found = jumps.get((below, origin, kind))
                if found is None:
                    found = jumps[below, origin, kind] = self.jump(below, origin, kind)
                state, action = found
                stack.append(state)
                if state == self.end_state and kind == END:
                    return
            if fresh and kind not in STRUCTURE:
                fresh = self.fresh = False
                self.begin = token[2][0]
                word = self.words.word_at(token[2][0])
                self.marks[-1] = recovery.Mark(len(stack), len(values), len(tape), word)
            stack.append(action)
            values.append(token)
            if kind in STRUCTURE:
                if not fresh:
                    self.extents.append((self.begin, self.words.end_before(token[2][0])))
                fresh = self.fresh = True
                if kind == "_INDENT":
                    self.marks.append(None)
                elif kind == "_DEDENT":
                    self.broken.discard(len(self.marks))
                    self.marks.pop()
        raise AssertionError("the lexer ended without its last token")

    def stopped(self) -> recovery.Stopped:
        return recovery.Stopped(
            self.words, self.marks, self.fresh, self.broken, self.expected, self.derivation
        )

    def leave(self, error: GradError, found: recovery.Found) -> None:
        """Keep where a statement stands that is left out."""
        assert error.span is not None
        begin = error.span.start if self.fresh else self.begin
        end = self.words.end_before(self.words.ends[found.end - 1])
        if begin < end and (not self.extents or begin > self.extents[-1][0]):
            self.extents.append((begin, end))

    def go_back(self, found: recovery.Found) -> None:
        """Take what is left out from the stacks."""
        if found.mark is not None:
            states, values, tape, _ = found.mark
            del self.states[states:], self.values[values:], self.build.tape[tape:]
        del self.marks[found.depth :], self.indents[found.depth :]
        self.broken = {depth for depth in self.broken if depth <= found.depth}
        if found.broken:
            self.broken.add(found.depth)
        self.fresh = True

    def jump(self, below: int, origin: str, kind: str) -> tuple[int, int | None]:
        """The state after a reduction, and the action there, past all that only hand a value on."""
        states = self.table.states
        while True:
            state = states[below][origin]
            action = states[state].get(kind)
            if action is None or action >= 0:
                return state, action
            origin, size, reduce = self.reductions[action]
            if size != 1 or reduce is not None:
                return state, action

    def unexpected(self, token: Token) -> GradError:
        """The bare error for a token that no rule allows; `recovery` finds the words for it."""
        self.expected = frozenset(self.table.states[self.states[-1]])
        return recovery.Unexpected(token, Span(self.words.source, *token[2]))


def _reduction(rule: Rule, build: Builder) -> Reduction:
    """A rule as the parser runs it; no function where it only hands its value on."""
    if rule.plan is None:
        return rule.origin, rule.size, None
    action = getattr(build, rule.action, list)
    plan = rule.plan
    if action is list and plan in ((2, 1), (2, 0, 1)):
        return rule.origin, rule.size, _appended
    if all(what == 1 for what in plan):
        return rule.origin, rule.size, action
    kept = [i for i, what in enumerate(plan) if what == 1]
    if set(plan) == {0, 1}:
        only = kept[0]
        if len(kept) == 1:
            return rule.origin, rule.size, lambda symbols: action((symbols[only],))
        pick = itemgetter(*kept)
        return rule.origin, rule.size, lambda symbols: action(pick(symbols))
    if plan == (1, -1):
        return rule.origin, rule.size, lambda symbols: action((symbols[0], None))
    return rule.origin, rule.size, lambda symbols: action(_select(plan, symbols))


def _appended(symbols: Sequence[Any]) -> list[Any]:
    """A list that grows in place: no one else holds it."""
    items: list[Any] = symbols[0]
    items.append(symbols[-1])
    return items


def _select(plan: tuple[int, ...], symbols: Sequence[Any]) -> list[Any]:
    arguments: list[Any] = []
    rest = iter(symbols)
    for what in plan:
        if what < 0:
            arguments.append(None)
            continue
        symbol = next(rest)
        if what == 1:
            arguments.append(symbol)
        elif what == 2:
            arguments.extend(symbol)
    return arguments
