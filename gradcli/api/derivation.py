"""A derivation with its values, as Python and a notebook use it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from gradcli.api.options import one_of
from gradcli.errors import GradError
from gradcli.record import Record
from gradcli.session import Session

Told: TypeAlias = Literal["all", "norms", "none"]

if TYPE_CHECKING:
    from gradcli.ops.core import Array
    from gradcli.render.notation import Notation
    from gradcli.sizes import Shape
    from gradcli.views.tangents import Forward


class Equation(Record):
    """A line of the forward listing: `name` is computed as `text` says.

    eq: its number, from 1. shape: () for a scalar; the value has it. statement: the model's own
    that it comes from, as written, and `line` where that begins; "" and 0 for what nobody wrote.
    """

    eq: int
    name: str
    text: str
    shape: tuple[int, ...]
    value: Array
    statement: str = ""
    line: int = 0

    def __str__(self) -> str:
        return self.text


class Step(Record):
    """A line of the backward table: the derivative of `target` gains what `formula` gives.

    number: its own, from 1. left: what it states: `dL/dW`, `dL/dX[:, 0]`; or a name, where it is a
    line of an `op`'s own rule. target: the same without `dL/d`. assign: `=` or `+=`. shape and
    value: the formula's, in the derivation's layout; () for a scalar. eq, equation: the forward
    equation that it comes from; 0 and "" for a compact line, which comes from several. loops: of a
    compact line those that it stands in, `for t in T..1`: it holds for all iterations then, and has
    no one value, but None.
    """

    number: int
    left: str
    target: str
    assign: str
    formula: str
    shape: tuple[int, ...]
    value: Array | None
    eq: int
    equation: str
    loops: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.left} {self.assign} {self.formula}"


class Tangent(Record):
    """A line of forward mode: how the quantity `of` moves.

    number: its own, from 1. name: what it is called, `dc/db` by a scalar b, `dc` along a direction.
    shape and value: those of the quantity; () for a scalar. eq, equation: the forward equation.
    """

    number: int
    name: str
    of: str
    formula: str
    shape: tuple[int, ...]
    value: Array
    eq: int
    equation: str

    def __str__(self) -> str:
        return f"{self.name} = {self.formula}"


class Derivation:
    """Both passes of a model, step by step. `Model.derive` makes one.

    In a notebook it shows itself as a table; `print` writes the same as text. Arrays have the
    shapes that the listings show: a vector has two axes, a scalar none.

    >>> import gradcli
    >>> found = gradcli.load("examples/mlp.eq").derive(seed=1)
    >>> found
    <Derivation of examples/mlp.eq: 8 equations, 14 steps, numerator layout>
    >>> found.gradients["W1"].shape
    (3, 5)
    >>> print(found.steps[0])
    dL/dz7 = dL/doutput
    """

    def __init__(
        self, session: Session, forward: Forward | None = None, mode: str = "reverse"
    ) -> None:
        self.session = session  # what the renderers take
        self.forward = forward
        self.mode = mode

    def __repr__(self) -> str:
        found = self.session
        return (
            f"<Derivation of {self.name}: {len(found.program.steps)} equations, "
            f"{len(found.derivation.rows)} steps, {self.layout} layout>"
        )

    # ── what is in it ──

    @property
    def name(self) -> str:
        """The model's: a path, or what its text was called."""
        return self.session.program.source.name

    @property
    def layout(self) -> str:
        """The layout that derivatives are shown in: "numerator" or "denominator"."""
        return self.session.derivation.layout

    @property
    def loss(self) -> float | None:
        """The loss's value; None where the model has none."""
        name = self.session.program.loss
        return None if name is None else float(self.values[name])

    @property
    def notes(self) -> tuple[str, ...]:
        """What the command says besides: an axis broadcast on both sides, a value not finite."""
        return tuple(map(str, self.session.notes))

    @cached_property
    def gradients(self) -> Mapping[str, Array]:
        """The gradient of each name that was asked for, in the derivation's layout."""
        shapes = self.session.program.shapes
        totals = self.session.backward.totals
        return {n: self._turned(totals[n], shapes[n]) for n in self.session.derivation.wrt}

    @cached_property
    def values(self) -> Mapping[str, Array]:
        """The value of each input and of each equation's name."""
        shapes = self.session.program.shapes
        return {n: _shown(array, shapes[n]) for n, array in self.session.values.items()}

    @cached_property
    def equations(self) -> tuple[Equation, ...]:
        """The forward listing."""
        program = self.session.program
        found: list[Equation] = []
        for eq, step in enumerate(program.steps, 1):
            value = self.values[step.name]
            around = program.span(step.place).statement()
            written = (around.text, around.begin()[0]) if around else ("", 0)
            found.append(Equation(eq, step.name, step.text, value.shape, value, *written))
        return tuple(found)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The backward table."""
        from gradcli.render.arrays import show_shape
        from gradcli.transform.reverse import displayed

        derivation = self.session.derivation
        found: list[Step] = []
        for row, array in zip(derivation.rows, self.session.backward.listed, strict=True):
            own = row.contribution.shape
            value = None if array is None else self._turned(array, own)
            found.append(
                Step(
                    len(found) + 1,
                    derivation.left(row),
                    derivation.target(row),
                    row.assign,
                    derivation.formula(row),
                    tuple(show_shape(displayed(own, derivation.layout))),
                    value,
                    row.eq,
                    derivation.step(row).text if row.eq else "",
                    tuple(map(str, row.loops)),
                )
            )
        return tuple(found)

    @cached_property
    def tangents(self) -> tuple[Tangent, ...]:
        """The lines of forward mode; none unless the mode has them."""
        found = self.forward
        if found is None:
            return ()
        return tuple(
            Tangent(
                number,
                found.name(step.name),
                step.name,
                found.formula(row),
                (value := _shown(found.value(step.name), step.call.shape)).shape,
                value,
                row.eq,
                step.text,
            )
            for number, row in enumerate(found.tangents.rows, 1)
            for step in [found.step(row)]
        )

    def cost(self) -> Mapping[str, Any]:
        """What both passes take, as `cost` in JSON: floating-point operations, and bytes moved."""
        from gradcli.render.compact import cost_json

        return cost_json(self.session)

    def saved(self, memory: int | None = None) -> Mapping[str, Any]:
        """What the backward pass needs of the forward one, as `saved` in JSON.

        memory: how many bytes may be saved; the rest is computed again, as cheaply as can be found.
        Raises GradError for a negative number.
        """
        from gradcli.render.saved import record

        if memory is not None and memory < 0:
            raise GradError("memory is a number of bytes, 0 or more", kind="bad-option")
        return record(self.session, memory)

    def _turned(self, array: Array, shape: Shape) -> Array:
        """A derivative in the layout."""
        from gradcli.render.json_ import turn
        from gradcli.transform.reverse import displayed

        return _shown(turn(array, self.layout), displayed(shape, self.layout))

    # ── as text ──

    def to_json(self, *, precision: int | None = None, values: Told = "all") -> str:
        """The document of `gradcli derive --json`.

        precision: significant digits of values. values: what is told of an array, its entries,
        its norm ("norms") or its shape alone ("none").
        """
        from gradcli.render.json_ import document

        return "".join(document(self.session, precision, values, self.forward, self.mode))

    def to_grad(self, *, notation: str = "d") -> str:
        """A derivation file, which `against` reads."""
        from gradcli.render import grad

        return "".join(grad.lines(self.session, notation=self._notation(notation)))

    def to_latex(
        self, *, notation: str | None = None, standalone: bool = False, rolled: bool = False
    ) -> str:
        """A fragment for a document that loads amsmath, or a whole one.

        rolled: loops' equations once, with letters for indices.
        """
        from gradcli.render import align

        chosen = self._notation(notation)
        return "".join(align.lines(self.session, chosen, standalone=standalone, rolled=rolled))

    def to_markdown(self, *, notation: str | None = None, rolled: bool = False) -> str:
        """Tables with mathematics between dollars, as code hosts render them."""
        from gradcli.render import markdown

        return "".join(markdown.lines(self.session, self._notation(notation), rolled=rolled))

    def to_typst(self, *, notation: str | None = None, rolled: bool = False) -> str:
        """A document for Typst."""
        from gradcli.render import typst

        return "".join(typst.lines(self.session, self._notation(notation), rolled=rolled))

    def to_pdf(self, *, notation: str | None = None, rolled: bool = False) -> bytes:
        """A PDF, which the extra `gradcli[pdf]` sets. Raises GradError where it is missing."""
        from gradcli.render import pdf

        return pdf.document(self.session, self._notation(notation), rolled=rolled)

    def to_html(self, *, notation: str | None = None, precision: int | None = None) -> str:
        """A page that needs nothing else: both passes side by side, and a walk through them."""
        from gradcli.render.page import derivation

        return "".join(derivation.lines(self.session, self._notation(notation), precision))

    def _notation(self, name: str | None) -> Notation:
        """A notation of derivatives by its name. Raises GradError."""
        from gradcli.render.notation import NOTATIONS, fitting, usual

        chosen = one_of("notation", name or usual(self.layout), tuple(NOTATIONS))
        return fitting(chosen, self.layout)

    def to_python(self) -> str:
        """A module of NumPy code with both passes."""
        from gradcli.codegen import module

        return "".join(module.lines(self.session))

    def __str__(self) -> str:
        from gradcli.render.layout import write_plain

        out = StringIO()
        write_plain(self._sections(full=True), out)
        return out.getvalue()

    # ── in a notebook ──

    def _repr_html_(self) -> str:
        from gradcli.render.html import fragment

        return "".join(fragment(self._sections(full=False)))

    def _repr_latex_(self) -> str | None:
        from gradcli.render.align import notebook

        return notebook(self.session)

    def _sections(self, *, full: bool) -> Iterable[Any]:
        if self.forward is not None:
            from gradcli.render import tangents

            by_mode = tangents.both if self.mode == "both" else tangents.sections
            return by_mode(self.forward, full=full)
        from gradcli.render.table import sections

        return sections(self.session, full=full, whole="print")


def _shown(array: Array, shape: Shape) -> Array:
    """An array in the shape that outputs show: a scalar has no axes. It can't be written to."""
    from gradcli.render.arrays import show_shape

    found = array.reshape(show_shape(shape))
    found.flags.writeable = False
    return found
