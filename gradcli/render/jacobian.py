"""A Jacobian as rows of text, with a picture of where it is not 0; and as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcli.ops.core import Array
from gradcli.render.arrays import as_json, noise, shape_text
from gradcli.render.grid import Grid
from gradcli.render.layout import PLAIN, Column, Line, Section
from gradcli.render.table import DIGITS, counted
from gradcli.request import FORWARD, REVERSE
from gradcli.sizes import is_one
from gradcli.version import __version__
from gradcli.views.chain import Chain
from gradcli.views.jacobian import Jacobian
from gradcli.views.second import Hessian

SCHEMA_VERSION = 1
FACTS = (Column("", gap=0), Column("", flexible=True))
LOCAL = 40  # what stands left of a formula gives way to it last
LINKS = (
    Column("local", gap=0, flexible=True, least=LOCAL),
    Column("shape", flexible=True, least=LOCAL),
    Column("structure"),
    Column("formula", flexible=True),
)
PICTURE = (32, 64)  # the most rows and columns of a picture
DOT, NONE = "█", "·"
NAME = re.compile(r"\b[^\W\d]\w*(?:\[[\d, ]+\])?")


def sections(
    found: Jacobian, chain: Chain | None = None, precision: int | None = None
) -> list[Section]:
    """What there is to know of a Jacobian, its entries, its picture, and what makes it needless."""
    title = f"d{found.of}/d{found.wrt}"
    return _sections(found, title, _entries_text(found), chain, precision)


def hessian(found: Hessian, precision: int | None = None) -> list[Section]:
    """The same of a Hessian."""
    note = f"{found.wrt}'s entries by {found.wrt}'s entries; {found.gradient} is dL/d{found.wrt}"
    title = f"d²{found.of}/d{found.wrt}²"
    return _sections(found.matrix, title, note, None, precision)


def _sections(
    found: Jacobian, title: str, note: str, chain: Chain | None, precision: int | None
) -> list[Section]:
    head = f"{title}: {shape_text(found.shape())}, {found.layout} layout"
    parts = [
        Section(head, FACTS, _facts(found, chain), (note,)),
        _entries(found, precision or DIGITS),
        _picture(found),
    ]
    if chain is not None:
        parts.insert(1, _links(chain))
    return [*parts, _product(found)]


def mode_text(found: Jacobian) -> str:
    passes = found.passes
    first, other = (passes.forward, passes.reverse)
    names = (FORWARD, REVERSE)
    if passes.mode == REVERSE:
        first, other, names = other, first, names[::-1]
    apart = "; positions stay apart, so that they go together" if passes.lanes else ""
    return (
        f"{names[0]} mode in {counted(first, 'pass')} ({names[1]} mode: {other:,}){apart}".replace(
            "passs", "passes"
        )
    )


def known_by(found: Jacobian) -> str:
    """What the structure is known by."""
    if not found.points:
        return "by its formula"
    return f"by its entries, at {counted(found.points, 'point')}"


def where(found: Jacobian) -> list[str]:
    """The equations of the names in the formula that nobody wrote."""
    steps = {
        step.name: step.text
        for step in found.program.steps
        if step.name.partition("[")[0] not in found.written
    }
    named = dict.fromkeys(NAME.findall(found.formula()))
    return [steps[name] for name in named if name in steps and name != found.of]


def _facts(found: Jacobian, chain: Chain | None) -> list[Line]:
    lines = [
        Line(("structure", f"{found.structure}, {known_by(found)}")),
        Line(("formula", found.formula())),
        *(Line(("", text)) for text in where(found)),
        Line(("computed by", mode_text(found))),
    ]
    if chain is not None:
        texts = chain.products or (f"{chain.total:,} products: `gradcli paths` adds them up",)
        for k, text in enumerate(texts if chain.total else ("0",)):
            lines.insert(1 + k, Line(("chain" if k == 0 else "    +", text)))
    return lines


def _entries_text(found: Jacobian) -> str:
    rows, columns = found.of, found.wrt
    if found.layout != "numerator":
        rows, columns = columns, rows
    shapes = (found.program.shapes[name] for name in (found.of, found.wrt))
    by_row = any(not is_one(shape[-1]) or len(shape) > 2 for shape in shapes)
    return f"{rows}'s entries by {columns}'s entries{', row by row' if by_row else ''}"


def _entries(found: Jacobian, digits: int) -> Section:
    grid = Grid(found.shown(), digits)
    lines = [Line(("", grid.cell(row))) for row in range(len(grid.rows))]
    return Section("Value", (Column("", gap=0), Column("", flexible=True, least=0)), lines)


def _picture(found: Jacobian) -> Section:
    """A sign an entry, or for a block of entries where there are many."""
    matrix = found.shown()
    steps = [-(-size // most) for size, most in zip(matrix.shape, PICTURE, strict=True)]
    starts = [np.arange(0, size, step) for size, step in zip(matrix.shape, steps, strict=True)]
    there = ~(np.abs(matrix) <= noise(matrix))  # what is no number is there too
    filled = np.add.reduceat(there.astype(int), starts[0], axis=0)
    filled = np.add.reduceat(filled, starts[1], axis=1)
    lines = [Line(("", "".join(DOT if n else NONE for n in row)), PLAIN) for row in filled.tolist()]
    share = int(np.count_nonzero(there))
    of = "" if steps == [1, 1] else f"; a sign stands for {steps[0]}×{steps[1]} entries"
    note = f"{share:,} of {matrix.size:,} entries{of}"
    return Section("Where it is not 0", (Column("", gap=0), Column("")), lines, (note,))


def _links(chain: Chain) -> Section:
    lines = [
        Line((f"∂{one.of}/∂{one.wrt}", shape_text(one.shape()), one.structure, one.formula()))
        for one in chain.links
    ]
    return Section("Along the equations", LINKS, lines, ("each with the other names held",))


def _product(found: Jacobian) -> Section:
    head = f"Without the matrix: from dL/d{found.of} to dL/d{found.wrt}"
    lines = [Line(("", text)) for text in backward(found)]
    lines = lines or [Line(("", f"dL/d{found.wrt} = {'dL/d' + found.of if found.map else '0'}"))]
    return Section(head, (Column("", gap=0), Column("", flexible=True)), lines)


def backward(found: Jacobian) -> list[str]:
    derivation = found.backward
    return [
        f"{derivation.left(row)} {row.assign} {derivation.formula(row)}" for row in derivation.rows
    ]


def document(
    found: Jacobian, chain: Chain | None = None, precision: int | None = None
) -> dict[str, Any]:
    """The JSON document."""
    return _document(found, record(found, precision), chain, precision)


def hessian_document(found: Hessian, precision: int | None = None) -> dict[str, Any]:
    """That of a Hessian."""
    own = record(found.matrix, precision) | {"of": found.of, "wrt": found.wrt}
    return _document(found.matrix, {**own, "gradient": found.gradient}, None, precision)


def _document(
    found: Jacobian, own: dict[str, Any], chain: Chain | None, precision: int | None
) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "gradcli_version": __version__,
        "source": found.session.program.source.name,
        **own,
        "where": where(found),
        "points": found.points,
        "passes": {"forward": found.passes.forward, "reverse": found.passes.reverse},
        "backward": backward(found),
        **({} if chain is None else _chain(chain, precision)),
        "notes": [note.message for note in found.session.notes],
    }


def record(found: Jacobian, precision: int | None) -> dict[str, Any]:
    matrix = found.shown()
    return {
        "of": found.of,
        "wrt": found.wrt,
        "layout": found.layout,
        "shape": list(matrix.shape),
        "symbolic_shape": [size.text for size in found.shape()],
        "structure": found.structure,
        "mode": found.passes.mode,
        "formula": found.formula(),
        "value": _nested(matrix, precision),
    }


def _nested(matrix: Array, precision: int | None) -> Any:
    from gradcli.sizes import Sizes

    sizes = Sizes()
    shape = tuple(sizes.literal(n) for n in matrix.shape)
    return as_json(matrix, shape, precision) if matrix.shape != (1, 1) else _one(matrix, precision)


def _one(matrix: Array, precision: int | None) -> list[list[Any]]:
    from gradcli.render.arrays import json_number

    return [[json_number(float(matrix[0, 0]), precision)]]


def _chain(chain: Chain, precision: int | None) -> dict[str, Any]:
    links: Iterator[dict[str, Any]] = (record(one, precision) for one in chain.links)
    return {"chain": {"count": chain.total, "products": list(chain.products), "links": list(links)}}
