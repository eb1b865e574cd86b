"""A person's derivation: its lines read, lowered and computed at the points of a check."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from gradcli.check.derivation.expected import Points
from gradcli.check.derivation.line import Line, version
from gradcli.check.derivation.machine import (
    DL,
    Key,
    LineMachine,
    Lowered,
    layout_of,
    names_in,
    reference,
    split_name,
)
from gradcli.check.derivation.rows import Rows, repeats
from gradcli.check.derivation.runs import WrittenRuns, turned
from gradcli.check.derivation.spellings import Spellings
from gradcli.check.derivation.targets import added, own_key, target
from gradcli.check.derivation.written import Written
from gradcli.errors import GradError
from gradcli.lower.scope import Binding, Family, Ref
from gradcli.lower.text import Misfit, Poisoned
from gradcli.ops.core import Array
from gradcli.ops.parts import indexed_shape, kept_shape
from gradcli.program import Operand
from gradcli.sizes import Number, Shape, Size, numbers, same
from gradcli.syntax import Parsed, ast
from gradcli.transform.reverse import displayed, region_text

MOST_VISIBLE = 20  # of a person's own names that may stand where another one belongs


class Sheet:
    """A derivation file on its model: its lines, and what they are computed from at each point.

    before: the variables whose derivatives are, in this file, what is given of them before any step
        adds to it.
    """

    def __init__(
        self,
        parsed: Parsed,
        points: Points,
        max_elements: int,
        before: frozenset[str] = frozenset(),
    ) -> None:
        self.before = before
        self.points = points
        self.program = points.program
        self.source = parsed.source
        self.layout = layout_of(parsed, self.program)
        self.machine = LineMachine(parsed, self.program, self.layout, max_elements)
        self.spellings = Spellings(points.program, parsed.source, self.machine.text.error)
        self.written = Written(parsed, self.machine, self.spellings)
        self.parsed = parsed
        self.runs = WrittenRuns(*points.lead, seed=1)
        self.known = dict(points.memory.of(("known", self.layout), self._truth))
        self.at_first = dict(points.memory.of(("at first", self.layout), self._first))
        for name in before:
            given = points.arriving[name]
            self.known[DL + name] = turned(given) if self.layout == "numerator" else given
            self.at_first[DL + name] = self.known[DL + name][0, 0]
        self.lines: list[Line] = []
        # The numbers that lines have in the memory, and how often own quantities have changed.
        # A file with definitions has a language of its own.
        defines = any(isinstance(node, ast.Def) for node in parsed.statements)
        self.language = (self.layout, parsed.source.text if defines else None, before)
        self.numbers: list[int] = []
        self.changes = 0
        self.mentioned: set[str] = set()  # the variables whose derivatives stand in the file
        self.named: set[str] = set()  # the quantities that stand in it
        texts = (self.program.source.text, parsed.source.text)  # what a comment mentions is known
        self.words = frozenset(word for text in texts for word in re.findall(r"\w+", text))
        self.shapes: dict[int, Shape] = {}  # of own lines, by their places, where they have one
        self._read(self.written.lines)
        bases = frozenset(split_name(name)[0] for name in self.program.shapes)
        # The model's names in the file, as targets, in formulas, and anywhere.
        self.vocabulary = (
            frozenset(self.mentioned),
            frozenset(self.named & self.known.keys()),
            self.words & bases,
        )

    def _truth(self) -> dict[str, Array]:
        """The model's quantities and its derivatives in the file's layout, as runs have them."""
        return self.points.values | {
            DL + name: turned(total) if self.layout == "numerator" else total
            for name, total in self.points.totals.items()
        }

    def _first(self) -> dict[str, Array]:
        return {name: value[0, 0] for name, value in self.known.items()}

    # ── expressions ──

    def lower(
        self, code: ast.Code, sources: Iterable[int], shapes: Mapping[int, Shape] | None = None
    ) -> Lowered:
        """An expression that uses some own lines. Raises GradError, Misfit and Poisoned."""
        return self.machine.lower(
            code, self._own_names(sources, self.shapes if shapes is None else shapes)
        )

    def attempt(self, code: ast.Code, sources: Iterable[int]) -> Lowered | Misfit:
        """An expression lowered, or why its shapes do not fit. Raises GradError otherwise."""
        sources = tuple(sources)
        versions = tuple(version(self.lines[s], s) for s in sources)
        key = ("lowered", self.number(code, sources), versions)
        try:
            return self.points.memory.of(key, lambda: self.lower(code, sources))
        except Misfit as misfit:
            return misfit
        except GradError:
            lost = next((s for s in sources if s not in self.shapes), None)
            if lost is None:
                raise
            return Misfit(
                f"{self.lines[lost].target} has no value",
                self.machine.text.span(ast.extent(code)),
                kind="undefined-name",
            )

    def number(self, code: ast.Code, sources: Iterable[int]) -> int:
        """An expression's number in the memory."""
        own = [(self.lines[s].target, self.numbers[s]) for s in sources]
        return self.points.memory.number(code, self.language, own)

    def _own_names(self, sources: Iterable[int], shapes: Mapping[int, Shape]) -> dict[str, Binding]:
        """What the person's own names stand for in a line."""
        own: dict[str, Binding] = {}
        for place in sources:
            if place not in shapes:
                continue
            line = self.lines[place]
            text, at = line.node.name
            below = line.lowered.below if isinstance(line.lowered, Lowered) else None
            ref = Ref(version(line, place), shapes[place], below=below)
            if line.key is None:
                own[text] = ref
                continue
            family = own.get(text)
            if not isinstance(family, Family):
                family = own[text] = Family(text, len(line.key), at)
            family.members[line.key] = ref
        return own

    def stated(self, line: Line, lowered: Lowered, value: Array) -> Array:
        """A line's value in its variable's own axes, over its region; any axes in front stay."""
        assert line.name is not None
        shape = self.program.shapes[line.name]
        if line.region is not None:
            shape = kept_shape(self.program.sizes, line.region)
        whole = numbers(shape)
        lead = value.shape[: value.ndim - len(lowered.shape)]
        if value.size == int(np.prod(lead)):
            return np.broadcast_to(value.reshape((*lead, *(1,) * len(whole))), (*lead, *whole))
        if self.layout != "numerator":
            return value.reshape((*lead, *whole))
        back = value.reshape((*lead, *whole[::-1]))
        first = len(lead)
        return np.transpose(back, (*range(first), *reversed(range(first, back.ndim))))

    def shown(self, line: Line) -> str:
        """A line's target; of a loop's line with the letters that it is written with."""
        if not line.node.indices:
            return line.target
        (text, (_, begin)), (end, _) = line.node.name, ast.extent(line.node.value)
        written = self.source.text[begin:end].partition("=")[0].rstrip("+-*/ \t")
        return ("" if line.own else DL) + text + written.strip()

    def fits(self, line: Line, lowered: Lowered) -> bool:
        """Whether a line's shape is its target's: as symbols, and what is a number by number.

        A region's size is a number, also where it is all of an axis.
        """
        expected = self.expected(line)
        found = lowered.shape
        if line.region is not None:
            shapes = [numbers(expected)]
            own = indexed_shape(self.program.sizes, line.region)
            shapes += [numbers(own), numbers(own)[::-1]] if len(line.region) > 2 else []
            return numbers(found) in shapes
        if len(found) == len(expected) and all(map(_alike, found, expected)):
            return True
        return _is_zero(lowered.result) and line.assign == "="

    def expected(self, line: Line) -> Shape:
        """The shape that a line must have, as the file's layout shows it."""
        assert line.name is not None
        if line.region is None:
            return displayed(self.program.shapes[line.name], self.layout)
        return displayed(kept_shape(self.program.sizes, line.region), self.layout)

    def visible(self, place: int) -> tuple[int, ...]:
        """The own lines that the line at a place may use: what it uses, and the last ones above."""
        latest = {line.target: p for p, line in enumerate(self.lines[:place]) if line.own}
        used = {self.lines[p].target for p in self.lines[place].sources}
        others = [p for target, p in latest.items() if target not in used][-MOST_VISIBLE:]
        return tuple(sorted({*self.lines[place].sources, *others}))

    # ── reading ──

    def _read(self, lines: Iterable[ast.BackwardLine]) -> None:
        places: dict[str, dict[Key, int]] = {}
        for node in lines:
            try:
                line = self._own(node, places) if node.own else self._derivative(node, places)
            except Poisoned as poisoned:
                message = f"this uses `{poisoned}`, whose own line can't be read"
                if any(blank.name.text == str(poisoned) for blank in self.written.blanks):
                    message = f"this uses `{poisoned}`, which is not answered yet"
                span = self.machine.text.span(ast.extent(node.value))
                self.written.leave_out(node, GradError(message, span, kind="undefined-name"))
                continue
            except GradError as error:
                self.written.leave_out(node, error)
                continue
            place = len(self.lines)
            self.lines.append(line)
            self.numbers.append(self.number(line.code, line.sources))
            if line.own:
                members = places.setdefault(node.name.text, {})
                if line.key is None:
                    members.clear()
                members[line.key] = place
                self._keep(place, line.lowered)
            self.mentioned |= {line.name} if line.name else set()
            if not isinstance(line.lowered, Misfit):
                used = line.lowered.quantities()
                self.named |= used
                self.mentioned |= {n.removeprefix(DL) for n in used if n.startswith(DL)}

    def _line(
        self,
        node: ast.BackwardLine,
        code: ast.Code,
        places: Mapping[str, Mapping[Key, int]],
        assign: str = "",
    ) -> Line:
        """A line of which only the target is not known yet."""
        assign = assign or node.assign
        if assign == "-=":
            code, assign = (*code, ("unary", "-", node.name.place)), "+="
        used = names_in(code)
        sources = {p for name in used if name in places for p in places[name].values()}
        number = self.source.place(node.name.place[0])[0]
        ordered = tuple(sorted(sources))
        lowered = self.attempt(code, ordered)
        return Line(number, node, "", None, None, None, assign, code, lowered, ordered)

    def _derivative(self, node: ast.BackwardLine, places: Mapping[str, Mapping[Key, int]]) -> Line:
        name, region, rows = target(self.machine, node, self.layout)
        shown = DL + name + (region_text(region, self.layout) if region else "")
        code, assign = node.value, node.assign
        if rows is not None:
            shown += rows.brackets
            if assign == "=" and self._repeats(rows):
                rows, assign = rows._replace(sets=True), "+="
            turned: ast.Code = (("unary", "-", node.name.place),) if assign == "-=" else ()
            code, assign = rows.whole((*code, *turned)), assign.replace("-", "+")
        elif assign == "=" and region is None:
            more = added(code, self.machine, name)
            if more is not None:
                code, assign = more, "+="
        line = self._line(node, code, places, assign)
        return line._replace(target=shown, name=name, region=region, rows=rows)

    def _repeats(self, rows: Rows) -> bool:
        """Whether an index names a row twice at any point."""
        if rows.numbers is None:
            return False
        value = self.machine.lower(rows.numbers, {}).value(self.known, self.runs)
        return repeats(value, len(self.points.lead))

    def _own(self, node: ast.BackwardLine, places: Mapping[str, Mapping[Key, int]]) -> Line:
        """A name of the person's own."""
        text, at = node.name
        if self.machine.file.scope.find(text) is not None:
            step = next((s for s in self.program.steps if s.name == text), None)
            raise self.machine.text.error(
                f"`{text}` is already a name of the model" + (f": {step.text}" if step else ""),
                at,
                "choose another name for your own",
                kind="bad-target",
            )
        key = own_key(self.machine, node)
        code = node.value
        if node.assign != "=":
            code = (*reference(text, key, at), *code, ("binary", node.assign[0], at))
        shown = text + (f"[{', '.join(map(str, key))}]" if key else "")
        return self._line(node, code, places, "=")._replace(target=shown, key=key)

    def _keep(self, place: int, lowered: Lowered | Misfit) -> None:
        """Keep the value of an own line at every point, under its version's name."""
        if isinstance(lowered, Misfit):
            self.shapes.pop(place, None)
            return
        self.shapes[place] = lowered.shape
        name = version(self.lines[place], place)
        self.known[name] = self.points.memory.of(
            ("value", self.numbers[place]),
            lambda: lowered.value(self.known, self.runs),
            np.size,
        )
        self.at_first[name] = self.known[name][0, 0]

    # ── other code in an own line's place ──

    def dependents(self, place: int) -> list[int]:
        """The lines that use an own line, directly or through others, in order."""
        found = {place}
        for later in range(place + 1, len(self.lines)):
            if found.intersection(self.lines[later].sources):
                found.add(later)
        return sorted(found - {place})

    def bases(self, places: Sequence[int], most: int) -> list[int]:
        """The own lines that some lines build on, in order; the nearest where they are many."""
        found: set[int] = set()
        waiting = list(places)
        while waiting and len(found) < most:
            fresh = [s for s in self.lines[waiting.pop(0)].sources if s not in found]
            found.update(fresh)
            waiting += fresh
        return sorted(found)

    def trial(
        self, place: int, code: ast.Code, user: int, between: Sequence[int]
    ) -> tuple[Lowered, list[tuple[str, Lowered]]]:
        """A line as it would be with other code in the place of an own line that it builds on:
        itself, and the own quantities to compute before it. Raises GradError and Poisoned.

        between: the own lines that depend on the changed one, and on which the line may build.
        """
        shapes = dict(self.shapes)
        before: list[tuple[str, Lowered]] = []
        for here in (place, *between):
            line = self.lines[here]
            lowered = self.lower(code if here == place else line.code, line.sources, shapes)
            shapes[here] = lowered.shape
            before.append((version(line, here), lowered))
        line = self.lines[user]
        return self.lower(line.code, line.sources, shapes), before

    def amend(self, place: int, code: ast.Code) -> None:
        """Put other code in the place of an own line, for all lines that build on it."""
        self.changes += 1
        for here in (place, *self.dependents(place)):
            line = self.lines[here]
            put = code if here == place else line.code
            lowered = self.attempt(put, line.sources)
            self.numbers[here] = self.number(put, line.sources)
            self.lines[here] = line._replace(lowered=lowered)
            if line.own:
                self._keep(here, lowered)


def _alike(found: Size, expected: Size) -> bool:
    numeric = found.is_constant or expected.is_constant
    return same(found, expected) is not None or (numeric and found.value == expected.value)


def _is_zero(result: Operand) -> bool:
    return isinstance(result, Number) and result.value == 0
