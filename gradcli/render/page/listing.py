"""Both passes as lists that stand side by side, each line with its mathematics, shape and value.

An element's name says what it is: e7 the seventh equation, i2 the second input, s12 the twelfth
step, g1 what arrives from above, te7 and ti2 the derivative by these in all. The script reads what
belongs together from `data-`attributes: e, the equation that a line is from; to, what it is the
derivative by; uses, its operands; now, what the derivative is worth so far; t, the line as text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TypeVar

import numpy as np

from gradcli.ops.core import Array
from gradcli.program import Input, Step
from gradcli.render import latex
from gradcli.render.mathml import math
from gradcli.render.notation import Notation, respelled
from gradcli.render.page.arrays import Arrays, shape
from gradcli.session import Session
from gradcli.transform.reify import OWN, Row
from gradcli.transform.vjp import Derived, Known
from gradcli.views.graph import clusters

HEAD, TAIL = 200, 60  # lines of a list that are shown, of very many
LONGEST = 300
LONG = 1500  # characters of a formula's LaTeX; a longer one is shown as text
Item = TypeVar("Item")


def some(items: Sequence[Item]) -> list[Item | None]:
    """The items; of very many the first and the last, and None for what is between."""
    if len(items) <= LONGEST:
        return [*items]
    return [*items[:HEAD], None, *items[-TAIL:]]


class Listing:
    """The lists of a session, in a notation."""

    def __init__(self, session: Session, notation: Notation, digits: int) -> None:
        self.session, self.notation = session, notation
        self.program, self.derivation = session.program, session.derivation
        program, rows = self.program, self.derivation.rows
        self.ids = {item.name: f"i{k}" for k, item in enumerate(program.inputs, 1)}
        self.ids |= {step.name: f"e{k}" for k, step in enumerate(program.steps, 1)}
        self.inputs = some(program.inputs)
        self.equations = some(range(len(program.steps)))
        self.rows = some(range(len(rows)))
        self.clusters = clusters(program)
        self.running = list(self._running())
        self.last = {row.target: i for i, row in enumerate(rows)}
        self.known = self._known()
        shown: list[tuple[int, ...]] = [
            session.values[item.name].shape for item in self.inputs if item is not None
        ]
        shown += [
            session.values[program.steps[i].name].shape for i in self.equations if i is not None
        ]
        shown += [session.backward.shown[i].shape for i in self.rows if i is not None]
        self.arrays = Arrays(shown, digits, self.derivation.layout)

    def _known(self) -> dict[str, str]:
        """Which line has each derivative whole, and each name of a rule's own."""
        rows = self.derivation.rows
        found = {item.name: f"g{k}" for k, item in enumerate(self.program.given, 1)}
        if self.program.loss is not None:
            found.setdefault(self.program.loss, "g0")
        counts = Counter(row.target for row in rows)
        for number, row in enumerate(rows, 1):
            part = row.region is not None or row.contribution.at is not None
            alone = counts[row.target] == 1 and not part and row.target not in found
            total = row.operand == OWN or alone
            found[row.target] = f"s{number}" if total else f"t{self.ids[row.target]}"
        return found

    def _running(self) -> Iterator[str]:
        """What each step's target is worth behind it: a number, or a norm."""
        totals: dict[str, Array] = dict(self.session.given)
        if (loss := self.program.loss) is not None:
            totals[loss] = totals[loss] + 1 if loss in totals else np.ones((1, 1))
        shapes = self.program.shapes
        for row, value in zip(self.derivation.rows, self.session.backward.values, strict=True):
            target = row.target
            if row.operand == OWN:
                yield Arrays([], 3, "").size(value, row.contribution.shape)
                continue
            region = row.region or row.contribution.region
            if region is None:
                before = totals.get(target)
                totals[target] = value if before is None else before + value
            else:
                whole = totals.get(target)
                whole = np.zeros(self.session.values[target].shape) if whole is None else +whole
                at = tuple(part.slice() for part in region)
                whole[at] += value.reshape(whole[at].shape)
                totals[target] = whole
            yield Arrays([], 3, "").size(totals[target], shapes[target])

    # ── forward ──

    def given(self) -> Iterator[str]:
        """What is declared, with its values."""
        yield '<ol class="list">\n'
        for item in self.inputs:
            if item is None:
                yield _left_out(len(self.program.inputs))
                continue
            value = self.arrays.value(self.session.values[item.name], item.shape)
            yield (
                f'<li class="input {item.role}" id="{self.ids[item.name]}" '
                f'data-t="{escape(item.name)}"><span class="n">{item.role}</span>'
                f'<span class="l">{math(latex.name(item.name))}</span>'
                f'<span class="v">{shape(item.shape)}{value}</span></li>\n'
            )
        yield "</ol>\n"

    def forward(self) -> Iterator[str]:
        """The equations in order, the iterations of loops folded."""
        yield '<ol class="list">\n'
        yield from _folded(self._equations())
        yield "</ol>\n"

    def _equations(self) -> Iterator[tuple[tuple[str, ...], str]]:
        for i in self.equations:
            if i is None:
                yield (), _left_out(len(self.program.steps))
                continue
            step = self.program.steps[i]
            yield self.clusters[i], self._equation(i + 1, step)

    def _equation(self, eq: int, step: Step) -> str:
        value = self.arrays.value(self.session.values[step.name], step.call.shape)
        return (
            f'<li class="eq" id="e{eq}" data-e="e{eq}" data-t="{escape(step.text)}">'
            f'<a class="n" href="#e{eq}">{eq}</a>'
            f'<span class="l">{math(latex.name(step.name))}</span><span class="s">=</span>'
            f'<span class="f">{_set(latex.equation(step), step.expression)}</span>'
            f'<span class="v">{shape(step.call.shape)}{value}</span></li>\n'
        )

    # ── backward ──

    def backward(self) -> Iterator[str]:
        """The steps in order, under the equations that they are from."""
        yield '<ol class="list">\n'
        yield from self._arriving()
        yield from _folded(self._steps())
        yield "</ol>\n"

    def _arriving(self) -> Iterator[str]:
        program = self.program
        for k, item in enumerate(program.given, 1):
            value = self.arrays.derivative(self.session.given[item.name], item.shape)
            yield self._start(f"g{k}", item, "<i>given</i>", "given", value)
        if program.loss is not None:
            one = Input(program.loss, "loss", program.shapes[program.loss], None, (0, 0))
            yield self._start("g0", one, "<math><mn>1</mn></math>", "1", '<span class="a">1</span>')

    def _start(self, name: str, item: Input, formula: str, words: str, value: str) -> str:
        stated = f"{self.notation.text(item.name)} = {words}"
        return (
            f'<li class="start" id="{name}" data-to="{self.ids[item.name]}" '
            f'data-t="{escape(stated)}"><span class="n"></span>'
            f'<span class="l">{math(latex.gradient(item.name, self.notation))}</span>'
            f'<span class="s">=</span><span class="f">{formula}</span>'
            f'<span class="v">{shape(item.shape, self.derivation.layout)}{value}</span></li>\n'
        )

    def _steps(self) -> Iterator[tuple[tuple[str, ...], str]]:
        eq = 0
        before: dict[str, int] = {}
        for i in self.rows:
            if i is None:
                yield (), _left_out(len(self.derivation.rows))
                continue
            row = self.derivation.rows[i]
            around = self.clusters[row.eq - 1]
            if row.eq != eq:
                eq = row.eq
                yield around, self._heading(eq)
            yield around, self._step(i, row, before.get(row.target))
            before[row.target] = i
            if self.last[row.target] == i and self.known[row.target].startswith("t"):
                yield around, self._total(row.target)

    def _heading(self, eq: int) -> str:
        step = self.program.steps[eq - 1]
        shown = _set(f"{latex.name(step.name)} = {latex.equation(step)}", step.text)
        return (
            f'<li class="from" data-e="e{eq}"><a class="n" href="#e{eq}" '
            f'aria-label="equation {eq}">({eq})</a><span class="w">{shown}</span></li>\n'
        )

    def _step(self, i: int, row: Row, before: int | None) -> str:
        derivation = self.derivation
        sign = row.assign
        if sign == "+=" and before is not None:
            sign = f'<a href="#s{before + 1}" aria-label="plus, to step {before + 1}">+=</a>'
        formula = derivation.formula(row)
        stated = f"{derivation.left(row)} {row.assign} {formula}"
        said = next(respelled([stated], self.notation.text))
        value = self.arrays.derivative(self.session.backward.shown[i], row.contribution.shape)
        own = row.operand == OWN
        mark = "param" if self._is_param(row.target) else ""
        to = "" if own else f' data-to="{self.ids[row.target]}"'
        return (
            f'<li class="step {mark}" id="s{i + 1}" data-e="e{row.eq}"{to} '
            f'data-uses="{" ".join(self._uses(row))}" data-now="{self.running[i]}" '
            f'data-t="{escape(said)}"><a class="n" href="#s{i + 1}">{i + 1}</a>'
            f'<span class="l">{math(latex.target(derivation, row, self.notation))}</span>'
            f'<span class="s">{sign}</span>'
            f'<span class="f">{_set(latex.formula(derivation, row, self.notation), formula)}</span>'
            f'<span class="v">{shape(row.contribution.shape, derivation.layout)}{value}</span>'
            "</li>\n"
        )

    def _uses(self, row: Row) -> Iterator[str]:
        """The lines that a step's operands are from, each once."""
        found: dict[str, None] = {}
        for key in row.contribution.leaves(self.derivation.layout):
            leaf = self.derivation.leaf(row, key)
            if isinstance(leaf, Derived):
                found[self.known[leaf.name]] = None
            elif isinstance(leaf, Known):
                found[self.ids[leaf.name]] = None
        return iter(found)

    def _total(self, name: str) -> str:
        """A derivative that several steps make up, whole."""
        found = self.program.shapes[name]
        value = self.arrays.derivative(self.session.backward.totals[name], found)
        said = f"{self.notation.text(name)} in all"
        return (
            f'<li class="total" id="t{self.ids[name]}" data-to="{self.ids[name]}" '
            f'data-t="{escape(said)}"><span class="n"></span>'
            f'<span class="l">{math(latex.gradient(name, self.notation))}</span>'
            '<span class="s"></span><span class="f"><i>in all</i></span>'
            f'<span class="v">{shape(found, self.derivation.layout)}{value}</span></li>\n'
        )

    def _is_param(self, name: str) -> bool:
        return any(item.name == name and item.role == "param" for item in self.program.inputs)

    # ── the gradients that were asked for ──

    def gradients(self) -> Iterator[str]:
        """Each gradient, and the line that has it."""
        roles = {item.name: item.role for item in self.program.inputs}
        yield '<ul class="list">\n'
        for name in some(self.derivation.wrt):
            if name is None:
                yield _left_out(len(self.derivation.wrt))
                continue
            found = self.program.shapes[name]
            size = self.arrays.size(self.session.backward.totals[name], found)
            line = self.known.get(name, "")
            stated = math(latex.gradient(name, self.notation))
            if line:
                said = escape(self.notation.text(name))
                stated = f'<a href="#{line}" aria-label="{said}">{stated}</a>'
            role = roles.get(name, "step")
            yield (
                f'<li class="grad {role}" data-of="{line}"><span class="n">{role}</span>'
                f'<span class="l">{stated}</span>'
                f'<span class="v">{shape(found, self.derivation.layout)}'
                f'<span class="a">{size}</span></span></li>\n'
            )
        yield "</ul>\n"


def _set(written: str, plain: str) -> str:
    """A formula as mathematics; a very long one as text."""
    return math(written) if len(written) <= LONG else f"<code>{escape(plain)}</code>"


def _left_out(number: int) -> str:
    count = number - HEAD - TAIL
    return f'<li class="note">… {count:,} of {number:,} are left out on this page</li>\n'


def _folded(lines: Iterable[tuple[tuple[str, ...], str]]) -> Iterator[str]:
    """Lines, each with the iterations around it, which can be opened."""
    around: tuple[str, ...] = ()
    for cluster, line in lines:
        same = 0
        while same < min(len(around), len(cluster)) and around[same] == cluster[same]:
            same += 1
        yield "</ol></details></li>\n" * (len(around) - same)
        for title in cluster[same:]:
            yield f'<li class="fold"><details><summary>{escape(title)}</summary><ol class="list">\n'
        around = cluster
        yield line
    yield "</ol></details></li>\n" * len(around)
