"""Constants, and a quantity under another name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.expr import call
from gradcli.ops import lists, maps
from gradcli.ops.coding import JAX, NUMPY, TORCH, templates
from gradcli.ops.constant_code import (
    counted,
    counted_like,
    counted_of,
    filled,
    identity,
    identity_like,
    identity_of,
    literal,
    literal_like,
    literal_of,
)
from gradcli.ops.core import (
    ALL,
    EXACT,
    RING,
    Array,
    Op,
    Signature,
    Spelling,
    coded,
    kept_counts,
    no_vjp,
    register,
)
from gradcli.ops.flops import none
from gradcli.sizes import Shape, numbers

COPY = Spelling("{0}", 0, (0,))


def _filled_shape(s: Signature) -> Shape:
    sizes: Shape = s.attrs["sizes"]
    one = s.sizes.constant(1)
    return (*sizes, *(one,) * (2 - len(sizes)))


def _literal_shape(s: Signature) -> Shape:
    """As many rows as there are entries; their sizes have no name, and are compared by number."""
    data = s.attrs["data"]
    columns = len(data[0]) if isinstance(data[0], tuple) else 1
    return s.sizes.literal(len(data)), s.sizes.literal(columns)


def constant(
    name: str,
    shape: Callable[[Signature], Shape],
    forward: Callable[..., Array],
    static: Callable[[Signature], dict[str, Any]],
    about: str,
    latex: str,
    **fields: Any,
) -> Op:
    return register(
        Op(
            name=name,
            operands=(),
            attributes=fields.pop("attributes", ("sizes",)),
            shape=shape,
            forward=forward,
            vjp=no_vjp,
            flops=none,
            about=about,
            cite="constant",
            text=Spelling(name),
            latex=Spelling(latex),
            static=static,
            group="constants",
            rounding=EXACT,
            **fields,
        )
    )


constant(
    "zeros",
    _filled_shape,
    np.zeros,
    lambda s: {"shape": numbers(_filled_shape(s))},
    "all 0; zeros(N) is a column",
    r"\mathbf{{0}}_{{{sizes}}}",
    terms=lambda s, book: book.filled(0, _filled_shape(s)),
    code=filled("zeros"),
    lists=lists.zeros,
)
constant(
    "ones",
    _filled_shape,
    np.ones,
    lambda s: {"shape": numbers(_filled_shape(s))},
    "all 1; ones(N) is a column",
    r"\mathbf{{1}}_{{{sizes}}}",
    terms=lambda s, book: book.filled(1, _filled_shape(s)),
    code=filled("ones"),
    lists=lists.ones,
)
constant(
    "eye",
    lambda s: (s.attrs["size"],) * 2,
    np.eye,
    lambda s: {"N": coded(s)["size"]},
    "identity matrix",
    "I_{{{size}}}",
    attributes=("size",),
    flip=lambda s, pairs: call("eye", size=s.attrs["size"]),
    terms=lambda s, book: book.identity(s.attrs["size"]),
    spread=True,
    code={NUMPY: identity, TORCH: identity_like, JAX: identity_of},
    lists=lists.eye,
)
constant(
    "arange",
    lambda s: (s.attrs["size"], s.sizes.constant(1)),
    lambda stop: np.arange(stop, dtype=float)[:, None],
    lambda s: {"stop": coded(s)["size"]},
    "the column 0, 1, 2, … N - 1",
    r"\operatorname{{arange}}\left({size}\right)",
    attributes=("size",),
    counts=lambda s, belows: s.attrs["size"],
    yields=True,
    code={NUMPY: counted, TORCH: counted_like, JAX: counted_of},
    lists=lists.arange,
)
register(
    Op(
        name="constant",
        operands=(),
        attributes=("data",),
        shape=_literal_shape,
        forward=lambda data, shape: np.array(data, dtype=float).reshape(shape),
        vjp=no_vjp,
        flops=none,
        code={NUMPY: literal, TORCH: literal_like, JAX: literal_of},
        about="a literal: [1, 2, 3] is a column, [[1, 2], [3, 4]] a matrix",
        cite="constant",
        text=Spelling("{data}"),
        latex=Spelling("{data}"),
        static=lambda s: {**coded(s), "shape": numbers(_literal_shape(s))},
        group="constants",
        rounding=EXACT,
        lists=lists.constant,
    ),
    function=False,
)
register(
    Op(
        name="copy",
        operands=("x",),
        shape=lambda s: s.shapes[0],
        forward=lambda x: x,
        vjp=lambda s, g, y, x: (g,),
        linear=ALL,
        copies=True,
        flops=none,
        terms=lambda s, book, x: x,
        code=templates(numpy=COPY, python=COPY),
        exact=RING,
        about="the same under another name: y = x",
        cite="How to compute a derivative (course slides), the deriv routine, `none`",
        text=Spelling("{0}", 0, (0,)),
        latex=Spelling("{0}", 0, (0,)),
        flip=lambda s, pairs: pairs[0].flipped,
        lanes=lambda s, axes: axes[0],
        jacobian=lambda s, k, operands: maps.identity(s.shapes[0], s.sizes),
        counts=kept_counts,
        group="operators",
        rounding=EXACT,
    ),
    function=False,
)
