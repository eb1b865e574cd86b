"""What a model's other views are to Python and to a notebook: data, a text, a JSON document."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from typing import TYPE_CHECKING, Any, NamedTuple

from gradcli.foreign import dumps

if TYPE_CHECKING:
    from gradcli.ops.core import Array
    from gradcli.views import graph as graphs
    from gradcli.views import jacobian as jacobians
    from gradcli.views import paths as influence
    from gradcli.views import second
    from gradcli.views.chain import Chain


class View:
    """What all views have. `print` writes the listings, and a notebook shows them as tables."""

    notes: tuple[str, ...]

    def sections(self, precision: int | None = None, full: bool = True) -> Iterable[Any]:
        """The listings as the renderers take them."""
        raise NotImplementedError

    def document(self, precision: int | None = None) -> dict[str, Any]:
        """The JSON document as Python has it."""
        raise NotImplementedError

    def to_json(self, *, precision: int | None = None) -> str:
        """The document that the command writes with --json."""
        return dumps(self.document(precision)) + "\n"

    def __str__(self) -> str:
        from gradcli.render.layout import write_plain

        out = StringIO()
        write_plain(self.sections(), out)
        return out.getvalue()

    def _repr_html_(self) -> str:
        from gradcli.render.html import fragment

        return "".join(fragment(self.sections(full=False)))


class Hessian(View):
    r"""The second derivatives by the entries of one quantity. `Model.hessian` makes one.

    of, wrt: the loss (L, where derivatives are given) and the quantity. value: the matrix, which is
    symmetric. structure, mode, formula: as of a Jacobian, that of dL/dwrt by wrt.

    >>> import gradcli
    >>> gradcli.parse("input x: [3]\nloss L = sum(exp(x))").hessian()
    <Hessian d²L/dx²: 3×3, diagonal>
    """

    def __init__(self, found: second.Hessian) -> None:
        self.found = found
        matrix = found.matrix
        self.of, self.wrt, self.layout = found.of, found.wrt, matrix.layout
        self.structure, self.mode = matrix.structure, matrix.passes.mode
        self.formula = matrix.formula()
        self.notes = tuple(map(str, matrix.session.notes))

    def __repr__(self) -> str:
        rows, columns = self.value.shape
        return f"<Hessian d²{self.of}/d{self.wrt}²: {rows}×{columns}, {self.structure}>"

    @property
    def value(self) -> Array:
        """The matrix."""
        return self.found.matrix.shown()

    def sections(self, precision: int | None = None, full: bool = True) -> Iterable[Any]:
        """The listings as the renderers take them."""
        from gradcli.render.jacobian import hessian

        return hessian(self.found, precision)

    def document(self, precision: int | None = None) -> dict[str, Any]:
        """The JSON document as Python has it."""
        from gradcli.render.jacobian import hessian_document

        return hessian_document(self.found, precision)


class Path(NamedTuple):
    """Entries from the start to the end, the local derivative on each arrow, and their product."""

    steps: tuple[str, ...]
    factors: tuple[float, ...]
    product: float

    def __str__(self) -> str:
        return " → ".join(self.steps)


class Paths(View):
    """The paths of influence from one entry to another. `Model.paths` makes one.

    count: how many there are. paths: those that are listed, from the largest product down. rest:
    how many others there are, and their sum. sum: that of all; gradient: the same by reverse mode.
    """

    def __init__(self, found: influence.Paths) -> None:
        self.found = found
        self.count, self.rest = found.number, found.rest
        self.sum, self.gradient = found.total, found.gradient
        self.notes = tuple(map(str, found.session.notes))
        if found.none:
            self.notes += (f"note: {found.none}",)

    def __repr__(self) -> str:
        return f"<Paths from {self.found.label(self.found.start)}: {self.count:,}>"

    @property
    def paths(self) -> tuple[Path, ...]:
        """The paths that are listed."""
        label = self.found.label
        return tuple(
            Path(tuple(map(label, path.steps)), path.factors, path.product)
            for path in self.found.paths
        )

    def sections(self, precision: int | None = None, full: bool = True) -> Iterable[Any]:
        """The listings as the renderers take them."""
        from gradcli.render.paths import sections

        return sections(self.found, precision)

    def document(self, precision: int | None = None) -> dict[str, Any]:
        """The JSON document as Python has it."""
        from gradcli.render.paths import document

        return document(self.found, precision)


class Graph:
    """The computational graph. `Model.graph` makes one; in a notebook it shows itself as a drawing.

    nodes: each with its name, kind, text and cluster. edges: from what is used to what uses it.
    """

    def __init__(self, found: graphs.Graph) -> None:
        self.found = found
        self.nodes, self.edges = found.nodes, found.edges

    def __repr__(self) -> str:
        return f"<Graph of {self.found.name}: {len(self.nodes)} nodes, {len(self.edges)} edges>"

    def _written(self, form: str) -> str:
        from gradcli.render.graph import FORMS

        return "".join(FORMS[form](self.found, None))

    def to_text(self) -> str:
        """A line a node, with a lane for each value that is still needed."""
        return self._written("text")

    def to_dot(self) -> str:
        """Graphviz's language."""
        return self._written("dot")

    def to_mermaid(self) -> str:
        """Mermaid's flowchart."""
        return self._written("mermaid")

    def to_svg(self) -> str:
        """A drawing."""
        return self._written("svg")

    def to_html(self) -> str:
        """The drawing on a page of its own."""
        return self._written("html")

    def to_json(self) -> str:
        """The document of `gradcli graph --json`."""
        return self._written("json")

    def __str__(self) -> str:
        return self.to_text()

    def _repr_svg_(self) -> str:
        return self.to_svg()


class Jacobian(View):
    r"""One quantity's entries by another's. `Model.jacobian` makes one.

    of, wrt: their names. value: the matrix, in `layout`; of arrays it has the entries, row by row.
    structure: "diagonal", "low rank plus diagonal", … mode: which of "forward" and "reverse" takes
    fewer passes, and has computed it. formula: in the model's names. backward: the steps of the
    vector–Jacobian product, which needs no matrix.

    >>> import gradcli
    >>> found = gradcli.parse("input x: [3]\ny = softmax(x)\ngiven dL/dy").jacobian()
    >>> found.structure, found.formula, found.value.shape
    ('low rank plus diagonal', 'diag(y) - y @ y.T', (3, 3))
    """

    def __init__(self, found: jacobians.Jacobian, chain: Chain | None) -> None:
        self.found = found
        self.chain = chain
        self.of, self.wrt, self.layout = found.of, found.wrt, found.layout
        self.structure, self.mode = found.structure, found.passes.mode
        self.formula = found.formula()
        self.notes = tuple(map(str, found.session.notes))

    def __repr__(self) -> str:
        rows, columns = self.value.shape
        return f"<Jacobian d{self.of}/d{self.wrt}: {rows}×{columns}, {self.structure}>"

    @property
    def value(self) -> Array:
        """The matrix, in the layout."""
        return self.found.shown()

    @property
    def backward(self) -> list[str]:
        """The steps of the vector–Jacobian product."""
        from gradcli.render.jacobian import backward

        return backward(self.found)

    def sections(self, precision: int | None = None, full: bool = True) -> Iterable[Any]:
        """The listings as the renderers take them."""
        from gradcli.render.jacobian import sections

        return sections(self.found, self.chain, precision)

    def document(self, precision: int | None = None) -> dict[str, Any]:
        """The JSON document as Python has it."""
        from gradcli.render.jacobian import document

        return document(self.found, self.chain, precision)
