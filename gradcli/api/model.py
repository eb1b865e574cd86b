"""A model: its equations read, ready to be derived and checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Unpack, overload

from gradcli.api.options import (
    MAX_ELEMENTS,
    MODES,
    ORACLES,
    TARGETS,
    Accumulate,
    Against,
    Arrays,
    Data,
    Layout,
    Mode,
    Names,
    Oracle,
    Precision,
    Progress,
    Target,
    checking,
    one_of,
    raising_one,
    request,
    stated,
    whole,
)
from gradcli.errors import GradError, GradErrors
from gradcli.session import derive, parse_file, parse_text
from gradcli.syntax import Parsed

if TYPE_CHECKING:
    from gradcli.api.derivation import Derivation
    from gradcli.api.verdicts import Check, Review
    from gradcli.api.views import Graph, Hessian, Jacobian, Paths
    from gradcli.emit.command import Emitted


@raising_one
def load(path: str | os.PathLike[str]) -> Model:
    """Read a model file; `-` is standard input.

    Raises GradError where the file can't be read or has errors of syntax. What depends on sizes
    and data, a shape that does not fit, say, is an error of the method that computes.

    >>> load("examples/mlp.eq")
    <Model examples/mlp.eq>
    """
    return _sound(read(os.fspath(path)))


@raising_one
def read(path: str) -> Model:
    """The same, but that errors of syntax wait, so that a method tells them with all others."""
    return Model(parse_file(path))


@raising_one
def parse(text: str, name: str = "<text>") -> Model:
    r"""Read a model from a text. `name` is what its errors call it.

    A `file("x.npy")` in it is looked for beside `name`, as if it were a path.
    Raises GradError for errors of syntax.

    >>> import gradcli
    >>> parse("input x = 3\nloss L = x^2")
    <Model <text>>
    >>> try:
    ...     parse("input x = 3\nloss L = x^")
    ... except gradcli.GradError as error:
    ...     print(error)
    <text>:2:12: error: nothing follows `^`
    loss L = x^
               ^
    hint: brackets carry an expression over a line end
    """
    return _sound(Model(parse_text(name, text)))


def _sound(model: Model) -> Model:
    if model.parsed.errors:
        raise GradErrors(model.parsed.errors)
    return model


class Model:
    """The equations of a file or a text. `load` and `parse` make one.

    The keywords of its methods are the options of the command:

    data: values of the model's names, an array each, or the path of a .npz, .json or
        .safetensors file of them;
        a name without a value is drawn. A name may also be a dim, or `dL/dy` for a given one.
    dims: the values of dims, in place of the model's.
    seed: of what is drawn.
    layout: of derivatives, in place of the model's.
    wrt: the names whose gradients are wanted, in one text with commas or several; none for every
        input and param.
    max_elements: the most elements of one array.
    """

    def __init__(self, parsed: Parsed) -> None:
        self.parsed = parsed  # what the engine takes

    @property
    def name(self) -> str:
        """The path of the file, or what the text was called."""
        return self.parsed.source.name

    @property
    def text(self) -> str:
        """The text as it was read, with line feeds."""
        return self.parsed.source.text[1:-1]

    def __repr__(self) -> str:
        return f"<Model {self.name}>"

    @raising_one
    def derive(
        self,
        *,
        mode: Mode = "reverse",
        tangent: Data | None = None,
        data: Data | None = None,
        dims: Mapping[str, int] | None = None,
        seed: int = 0,
        layout: Layout | None = None,
        wrt: Names = (),
        accumulate: Accumulate = "auto",
        compact: bool = False,
        max_elements: int = MAX_ELEMENTS,
    ) -> Derivation:
        r"""The gradients, step by step, with their values.

        mode: "forward" for the tangent of every equation too, by the scalar that `wrt` names or
        along a direction; "both" for both, side by side. tangent: the direction, an array for each
        name that moves, in its own shape, or the path of a file of them; none for a drawn one.
        accumulate: "always" for derivatives that all start at 0, with += throughout.
        compact: as few and as short lines as gradcli finds, in place of each single step.
        Raises GradError, with all that is wrong in its `errors`.

        >>> model = parse("input x: [2] = [1, 2]\nloss L = sum(exp(x))")
        >>> print(*model.derive(layout="denominator").steps, sep="\n")
        dL/dz1 = broadcast(dL/dL, [2, 1])
        dL/dx = dL/dz1 * z1
        >>> print(*model.derive(mode="forward", tangent={"x": [1, 0]}).tangents, sep="\n")
        dz1 = dx * z1
        dL = sum(dz1)
        """
        from gradcli.api.derivation import Derivation

        one_of("mode", mode, MODES)
        asked = request(data, dims, seed, layout, max_elements, wrt, accumulate, compact)
        if mode == "reverse":
            if tangent is not None:
                raise GradError("a tangent goes with forward mode", kind="bad-option")
            return Derivation(derive(self.parsed, asked))
        from gradcli.views.tangents import run

        path = tangent if tangent is None or isinstance(tangent, Mapping) else Path(tangent)
        found = run(self.parsed, asked, path)
        return Derivation(found.session, found, mode)

    @raising_one
    def jacobian(
        self,
        *,
        of: str | None = None,
        wrt: str | None = None,
        chain: bool = False,
        data: Data | None = None,
        dims: Mapping[str, int] | None = None,
        seed: int = 0,
        layout: Layout | None = None,
        max_elements: int = MAX_ELEMENTS,
    ) -> Jacobian:
        r"""The matrix of one quantity's entries by another's.

        of: none for the only quantity that is differentiated. wrt: none for the only input or
        param. chain: the local Jacobians along the model's own equations too.
        Raises GradError.

        >>> model = parse("input x: [2] = [1, 2]\ny = x^2\ngiven dL/dy")
        >>> found = model.jacobian(wrt="x")
        >>> found.structure, found.formula, found.value.tolist()
        ('diagonal', '2 * diag(x)', [[2.0, 0.0], [0.0, 4.0]])
        """
        asked = request(data, dims, seed, layout, max_elements)
        session = derive(self.parsed, asked)
        from gradcli.api.views import Jacobian
        from gradcli.views.chain import chain as chained
        from gradcli.views.jacobian import jacobian

        written = self.parsed.names()
        found = jacobian(session, of, wrt, written, asked.max_elements)
        links = None
        if chain:
            links = chained(session, found.of, found.wrt, written, asked.max_elements)
        return Jacobian(found, links)

    @raising_one
    def hvp(
        self,
        *,
        wrt: Names = (),
        vector: Data | None = None,
        data: Data | None = None,
        dims: Mapping[str, int] | None = None,
        seed: int = 0,
        layout: Layout | None = None,
        accumulate: Accumulate = "auto",
        compact: bool = False,
        max_elements: int = MAX_ELEMENTS,
    ) -> Derivation:
        r"""The Hessian times a vector: the backward pass, derived again step by step.

        Its equations are the model's and those of its backward pass, in which g_W is dL/dW; its
        `gradients` are the product. vector: an array for each name of `wrt`, in its own shape, or
        the path of a file of them; none for drawn ones. compact: in as few lines as a person's.
        Raises GradError.

        >>> model = parse("input x: [2] = [1, 2]\nloss L = sum(x^3)")
        >>> model.hvp(vector={"x": [1, 1]}).gradients["x"].tolist()
        [[6.0, 12.0]]
        """
        asked = request(data, dims, seed, layout, max_elements, wrt, accumulate)
        session = derive(self.parsed, asked)
        from gradcli.api.derivation import Derivation
        from gradcli.views.second import twice

        path = vector if vector is None or isinstance(vector, Mapping) else Path(vector)
        return Derivation(twice(session, path, asked._replace(compact=compact)))

    @raising_one
    def hessian(
        self,
        *,
        wrt: str | None = None,
        data: Data | None = None,
        dims: Mapping[str, int] | None = None,
        seed: int = 0,
        layout: Layout | None = None,
        max_elements: int = MAX_ELEMENTS,
    ) -> Hessian:
        r"""The matrix of second derivatives by the entries of one quantity.

        wrt: none for the only input or param. Raises GradError.

        >>> model = parse("input x: [2] = [1, 2]\nloss L = sum(x^3)")
        >>> found = model.hessian(wrt="x")
        >>> found.structure, found.value.tolist()
        ('diagonal', [[6.0, 0.0], [0.0, 12.0]])
        """
        asked = request(data, dims, seed, layout, max_elements, wrt or ())
        session = derive(self.parsed, asked)
        from gradcli.api.views import Hessian
        from gradcli.views.second import hessian

        return Hessian(hessian(session, wrt, self.parsed.names(), asked))

    @raising_one
    def paths(
        self,
        start: str,
        end: str | None = None,
        *,
        top: int | None = None,
        data: Data | None = None,
        dims: Mapping[str, int] | None = None,
        seed: int = 0,
        max_elements: int = MAX_ELEMENTS,
    ) -> Paths:
        r"""Every path of influence from an entry to another one, over the model's own equations.

        start, end: entries, "x[0]" or "W[1, 2]", or scalars; with no end, what is differentiated.
        top: how many paths are listed, the largest; the others are one sum.
        Raises GradError.

        >>> found = load("examples/activation.eq").paths("x[0]")
        >>> found.count, found.paths[0].steps[-1]
        (7, 'L')
        """
        asked = request(data, dims, seed, None, max_elements)
        most = None if top is None else whole("top", top, 0)
        session = derive(self.parsed, asked)
        from gradcli.api.views import Paths
        from gradcli.views.paths import paths

        return Paths(paths(session, start, end, most, self.parsed.names(), asked.max_elements))

    @raising_one
    def graph(
        self,
        *,
        named: bool = False,
        rolled: bool = False,
        grad: bool = False,
        data: Data | None = None,
        dims: Mapping[str, int] | None = None,
        seed: int = 0,
        max_elements: int = MAX_ELEMENTS,
    ) -> Graph:
        """What is computed from what.

        named: the model's own equations alone. rolled: each loop as one box. grad: what flows back
        along each edge.
        Raises GradError.

        >>> print(load("examples/graph.eq").graph(named=True).to_text())
        □     a
        │ □   b
        └─•─□ c
        □─┘ │ d
        └─□─┘ e
        <BLANKLINE>
        """
        asked = request(data, dims, seed, None, max_elements)
        session = derive(self.parsed, asked)
        from gradcli.api.views import Graph
        from gradcli.views.graph import graph

        written = self.parsed.names()
        return Graph(graph(session, written, named=named, rolled=rolled, grad=grad))

    @raising_one
    def check(
        self,
        *,
        finite_diff: bool = False,
        complex_step: bool = False,
        points: int = 1,
        steps: bool = False,
        budget: float | None = None,
        oracle: Oracle | None = None,
        data: Data | None = None,
        dims: Mapping[str, int] | None = None,
        seed: int = 0,
        layout: Layout | None = None,
        wrt: Names = (),
        max_elements: int = MAX_ELEMENTS,
        progress: Progress | None = None,
    ) -> Check:
        r"""Verify every gradient.

        finite_diff, complex_step: against these alone. points: at how many points. steps: every
        intermediate derivative too. budget: a sample, in this many seconds. oracle: against a
        library's own derivatives, "torch", "jax" or "autograd". progress: called with how much is
        done, and of how much.
        Raises GradError.

        >>> check = parse("input x: [2]\nloss L = sum(exp(x))").check()
        >>> check
        <Check of <text>: pass, 1 gradient>
        >>> check.gradients["x"].verdict
        'pass'
        """
        from gradcli.api.checks import checked

        asked = request(data, dims, seed, layout, max_elements, wrt)
        options = checking(
            finite_diff=finite_diff,
            complex_step=complex_step,
            points=points,
            steps=steps,
            budget=budget,
            seed=asked.seed,
        )
        library = None if oracle is None else one_of("oracle", oracle, ORACLES)
        return checked(self.parsed, asked, options, library, progress)

    @raising_one
    def emit(
        self,
        to: Target = "numpy",
        *,
        plain: bool = False,
        memory: int | None = None,
        data: Data | None = None,
        dims: Mapping[str, int] | None = None,
        wrt: Names = (),
        max_elements: int = MAX_ELEMENTS,
    ) -> Emitted:
        r"""The text of a module with both passes, `forward` and `backward`; loops are loops in it.

        plain: one line an operation, with `=` and `+=` as in the listing. memory: the most bytes
        of arrays that cut loops may take in each pass, at the model's sizes.
        Raises GradError.

        >>> model = parse("input x: [2]\nloss L = sum(exp(x))")
        >>> print(*[line for line in model.emit().text.splitlines() if "def " in line], sep="\n")
        def forward(*, x):
        def backward(saved):
        """
        from gradcli.emit.command import emit

        asked = request(data, dims, 0, None, max_elements, wrt)
        return emit(self.parsed, asked, one_of("to", to, TARGETS), plain, memory)

    @overload
    def against(self, theirs: Arrays, **options: Unpack[Against]) -> Check: ...

    @overload
    def against(
        self, theirs: str | os.PathLike[str], **options: Unpack[Against]
    ) -> Check | Review: ...

    @raising_one
    def against(
        self,
        theirs: Arrays | str | os.PathLike[str],
        *,
        complete: bool = False,
        cost: bool = False,
        finite_diff: bool = False,
        complex_step: bool = False,
        budget: float | None = None,
        dtype: Precision | None = None,
        rtol: float | None = None,
        atol: float | None = None,
        data: Data | None = None,
        dims: Mapping[str, int] | None = None,
        seed: int = 0,
        layout: Layout | None = None,
        wrt: Names = (),
        max_elements: int = MAX_ELEMENTS,
        progress: Progress | None = None,
    ) -> Check | Review:
        r"""Check a derivation of one's own, or gradients that another program computed.

        theirs: a mapping of names to arrays, or the path of a .npz, .json or .safetensors file of
        them, for a Check; the path of a derivation file, or its text, for a Review. A text is what
        has a line end or a `=` in it; wrap a path that has one in pathlib.Path.
        complete: every gradient must be in the derivation. cost: count its operations, as
        `derive` counts its own, for `Review.cost`. finite_diff, complex_step, budget and
        progress are for gradients, as in `check`. dtype: the precision of their numbers, where the
        arrays do not say it. rtol, atol: what may differ, relative to an entry and in all, whatever
        rounding does.
        Raises GradError, also where what is theirs can't be read on this model.

        >>> model = parse("input x: [2] = [1, 2]\nloss L = sum(x^2)")
        >>> model.against({"x": [[2.0, 4.0]]}).verdict
        'pass'
        >>> review = model.against("dL/dz1 = broadcast(dL/dL, [1, 2])\ndL/dx = dL/dz1 * x.T")
        >>> review.verdict, review.lines[1].expected
        ('fail', 'dL/dx = dL/dz1 * 2 * x.T')
        """
        from gradcli.api.checks import compared, holds_arrays, review

        asked = request(data, dims, seed, layout, max_elements, wrt)
        if not (isinstance(theirs, Mapping) or holds_arrays(os.fspath(theirs))):
            if (dtype, rtol, atol) != (None, None, None):
                raise GradError("dtype, rtol and atol go with gradients", kind="bad-option")
            return review(self.parsed, theirs, asked, complete, cost)
        says = stated(dtype, rtol, atol)
        if complete or cost:
            option = "complete" if complete else "cost"
            raise GradError(f"{option} goes with a derivation", kind="bad-option")
        options = checking(
            finite_diff=finite_diff, complex_step=complex_step, budget=budget, seed=asked.seed
        )
        return compared(self.parsed, theirs, asked, options, progress, says)
