"""The options that commands share, and what they ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class Layout(StrEnum):
    numerator = "numerator"
    denominator = "denominator"


class Accumulate(StrEnum):
    auto = "auto"
    always = "always"


class Mode(StrEnum):
    reverse = "reverse"
    forward = "forward"
    both = "both"


class Format(StrEnum):
    table = "table"
    json = "json"
    ndjson = "ndjson"
    grad = "grad"
    latex = "latex"
    markdown = "markdown"
    typst = "typst"
    pdf = "pdf"
    html = "html"
    python = "python"


class Order(StrEnum):
    reverse = "reverse"
    dfs = "dfs"


class Notation(StrEnum):
    d = "d"
    partial = "partial"
    nabla = "nabla"
    bar = "bar"
    delta = "delta"


class Values(StrEnum):
    all = "all"
    norms = "norms"
    none = "none"


Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="A model file (.eq); - reads standard input.")
]
Dim = Annotated[
    list[str] | None,
    typer.Option("--dim", metavar="NAME=N", help="The value of a dim; may be repeated."),
]


def name(text: str) -> str:
    """A name that a file may have: an empty one would be the current folder's, a NUL is in none."""
    if not text.strip() or "\0" in text:
        raise typer.BadParameter("it is empty" if not text.strip() else "it holds a NUL byte")
    return text


def path(text: str) -> Path:
    return Path(name(text))


Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="FILE",
        help="Values of the model's names (.npz, .json, .safetensors).",
        parser=path,
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="The seed of drawn values.")]
LayoutOption = Annotated[
    Layout | None,
    typer.Option("--layout", help="The layout of derivatives, in place of the model's."),
]
Wrt = Annotated[
    list[str] | None,
    typer.Option(
        "--wrt", metavar="NAMES", help="The names whose gradients are wanted, with commas between."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="The same as --format json.")]
FormatOption = Annotated[Format, typer.Option("--format", "-f", help="The form of the output.")]
Full = Annotated[bool, typer.Option("--full", help="Show every row of a long listing.")]
Output = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write to a file, not to standard output."),
]
Precision = Annotated[
    int | None,
    typer.Option("--precision", metavar="N", min=1, max=17, help="Significant digits of values."),
]
ValuesOption = Annotated[
    Values,
    typer.Option("--values", help="What JSON tells of an array: its entries, its norm, neither."),
]
NotationOption = Annotated[
    Notation | None,
    typer.Option("--notation", help="How derivatives are written: dL/dW, ∂L/∂W, ∇_W, W̄, δ_W."),
]
Compact = Annotated[
    bool, typer.Option("--compact", help="As few and as short lines as a person would write.")
]
PAPER = (Format.latex, Format.markdown, Format.typst, Format.pdf)
NOTED = (Format.table, Format.grad, Format.html, *PAPER)  # that have derivatives in a notation
MaxElements = Annotated[
    int, typer.Option("--max-elements", metavar="N", min=1, help="The most elements of one array.")
]


UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


def _memory(text: str) -> int:
    """A number of bytes: 4096, 64K, 1.5M, 2G."""
    found = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,3})?)([KMG]?)(?:i?B)?", text, re.IGNORECASE)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no number of bytes: 4096, 64K, 1.5M, 2G")
    return int(float(found[1]) * UNITS[found[2].upper()])


Memory = Annotated[
    int | None,
    typer.Option(
        "--memory",
        metavar="LIMIT",
        parser=_memory,
        help="How many bytes may be kept: 4096, 64K, 1.5M, 2G.",
    ),
]


def noted(notation: Notation | None, form: Format, mode: Mode = Mode.reverse) -> None:
    """Refuse a notation where there are no derivatives of reverse mode to write in it."""
    if notation is not None and (mode is not Mode.reverse or form not in NOTED):
        raise typer.BadParameter("it goes with the forms of reverse mode", param_hint="--notation")


def shared(
    dim: list[str] | None,
    data: Path | None,
    seed: int,
    layout: Layout | None,
    wrt: list[str] | None,
    max_elements: int,
) -> dict[str, Any]:
    """The options of a command that derives, as the keywords of a model's methods."""
    return {**valued(dim, data, seed, max_elements), **laid_out(layout), "wrt": wrt or ()}


def valued(
    dim: list[str] | None, data: Path | None, seed: int, max_elements: int
) -> dict[str, Any]:
    """The options of every command that computes values, as keywords."""
    return {"dims": _dims(dim or []), "data": data, "seed": seed, "max_elements": max_elements}


def laid_out(layout: Layout | None) -> dict[str, Any]:
    """The layout as a keyword."""
    return {"layout": layout.value if layout else None}


def _dims(texts: Iterable[str]) -> dict[str, int]:
    found = {}
    for text in texts:
        for pair in text.split(","):
            name, equals, value = pair.partition("=")
            if (
                not equals
                or not value.strip().isascii()
                or not value.strip().isdigit()
                or len(value) > 15
            ):
                raise typer.BadParameter(f"{pair!r} is not NAME=N", param_hint="--dim")
            found[name.strip()] = int(value)
    return found
