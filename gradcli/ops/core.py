"""What an entry of the operation table is, and the table itself."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from gradcli.expr import Expr
from gradcli.ops.attributes import ATTRIBUTES
from gradcli.ops.attributes.kind import At
from gradcli.ops.broadcasting import broadcast_shapes
from gradcli.ops.maps import Map
from gradcli.ops.mismatch import Mismatch
from gradcli.record import Record
from gradcli.sizes import ATOM, Shape, Size, Sizes, is_scalar, same, spell

Array: TypeAlias = npt.NDArray[Any]
Attrs: TypeAlias = tuple[tuple[str, Any], ...]


# How rounding shows in an operation's result.
EXACT = "exact"  # not at all: entries are moved, chosen, negated or counted
BY_ENTRY = "entries"  # each entry is off by its own last bit
BY_NORM = "norm"  # each entry is off by the last bit of the largest one, as LAPACK's are

# The groups of operations, in the order in which they are listed.
GROUPS = (
    "operators", "constants", "shaping", "elementwise", "indices", "matrices", "reductions",
    "normalisations", "convolutions", "sequences",
)  # fmt: skip

RING = "ring"  # the exact form of what only adds, subtracts, multiplies and moves entries


class Signature(Record):
    """An operation at its operands' shapes: all that a rule may depend on but the values."""

    sizes: Sizes
    shapes: tuple[Shape, ...]
    attrs: dict[str, Any]

    @property
    def rank(self) -> int:
        return len(self.shapes[0])


class Pair(Record):
    """An operand in a flipped (numerator) expression: as it is, and transposed.

    inner: the shapes of its own operands, as they are in what is flipped.
    """

    plain: Expr
    flipped: Expr
    inner: tuple[Shape, ...] = ()


BARE = ATOM + 1  # what an operand must be that gets a subscript: a name that has none


class Spelling(Record):
    """How an operation is written: a template over its operands {0}, {1} …, or a function's name.

    A LaTeX template may also name an attribute, {shape} say, or have all {keywords} at its foot,
    and join all operands with commas, {,}, or line ends.
    `binding` is the precedence of the whole; `needs` the least precedence of each operand that
    stands in the template without brackets; BARE: a name, without a subscript of its own.
    """

    template: str
    binding: int = ATOM
    needs: tuple[int, ...] = ()


def infix(symbol: str, precedence: int, right: int | None = None) -> Spelling:
    """A left-associative infix operation, unless `right` says otherwise."""
    return Spelling(
        f"{{0}} {symbol} {{1}}",
        precedence,
        (precedence, precedence + 1 if right is None else right),
    )


def roman(name: str) -> str:
    """A function's own name in a LaTeX template."""
    escaped = name.replace("_", r"\_")
    return rf"\operatorname{{{{{escaped}}}}}"


def coded(s: Signature) -> dict[str, Any]:
    """The attributes as `forward` gets them, where an entry does not say otherwise."""
    return {key: ATTRIBUTES[key].code(value, s.shapes) for key, value in s.attrs.items()}


Linear: TypeAlias = str | tuple[tuple[int, ...], ...]
ALL, EACH = "all", "each"
Flops: TypeAlias = Callable[[Signature, Shape], Size]


class Body(Record):
    """What an operation defined in a model consists of: operands' names, steps, its result.

    saved: what its rule may use of the inside, as the rule's lines and as the steps are called.
    """

    operands: tuple[str, ...]
    steps: tuple[Any, ...]
    result: Any
    saved: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Op:
    """One operation: its whole truth.

    operands: the names of its parameters, in order. A name beginning with `*` takes any number.
    attributes: the kinds of what else it takes, from the table of these; `keywords` are kinds too.
    shape: Signature -> the result's shape; raises Mismatch.
    forward: arrays (and the `static` arguments) -> the result. Every array has at least two axes,
        and may have further axes in front, on which the operation works entry by entry.
    vjp: Signature, cotangent g, result, operands -> each operand's contribution, stated in the
        operand's own shape, before broadcasting is undone. None: no gradient flows there.
    flops: Signature, the result's shape -> how many floating-point operations it takes.
    code: for each target of `gradcli emit` its template, or a function of where it is written that
        gives one (`ops/coding.py`).
    lists: what it is in Python alone: a function of nested lists, and the `static` arguments; of
        numbers where it works entry by entry (`ops/plain.py`).
    flip: Signature, operand pairs -> the transposed result, where transposition moves inward.
    spread: whether transposition moves inward even where no cotangent is inside.
    static: Signature -> the keyword arguments of `forward`.
    keywords: the keyword arguments a user may write, with their defaults.
    latex: the LaTeX, or what gives it from the attributes.
    latex_scalar: the LaTeX where an operand is a scalar, if that is another.
    complex_safe: whether `forward` is analytic code for complex arguments near the real axis.
    kink: where the operation is not differentiable, and what is taken there.
    foldable: whether plain numbers alone are computed at once, as part of an expression.
    sized: the same on sizes (`Sizes`, operands), where the result is a size.
    new_axes: how many axes the result has more than its operands.
    branches: operands -> an integer array that says which smooth piece each entry lies in.
    lifts: whether operands of lower rank get axes in front, as in NumPy's broadcasting.
    linear: groups of operands in each of which the operation is linear, the others held: ALL for
        all of them at once, EACH for every one by itself.
    jacobian: Signature, k, operands -> the operation as a map of its k-th operand, in which it is
        linear, the others held; None where it has no plain form. Without it, it comes from the vjp.
    terms: Signature, a Book of `gradcli.compact`, operands as sums of products over named axes ->
        the result as one; the operation is one factor where that is None, or raises Unknown.
    copies: whether the result is the only operand as it is.
    turns: whether the result is the only operand with its axes in reverse.
    stretches: whether the result is the only operand with axes stretched, and no entry is new.
    applied: of what gives a matrix the operation that gives its product with another one from the
        operand and that one, and need not know the matrix: `inv` has `solve`.
    places: of what has a 1 in each row the operation that puts an entry there, with the numbers of
        the places behind it: its product with one entry a row.
    letters: of a product of two matrices the axes of both and of the result, "ij,jk->ik".
    positive: whether the result is above 0 where the only operand is, and nowhere else.
    above: whether it is the mask of where the first operand is above the second.
    regroups: whether a chain of it may be computed in any order and grouping.
    boolean: whether each entry of the result is 0 or 1.
    sums_to_one: Signature -> the axis (None: all) along which the result's entries sum to 1.
    region: Signature -> for each operand the region where the result holds it; 0 is elsewhere.
    rows: Signature and an index -> where an operation adds its first operand at the rows that its
        second names, how that one stands in brackets, with the first's axes and in reverse.
    lanes: Signature, for each operand an axis counted from the end (None: it does not vary) -> the
        result's axis along which each position depends on the operands' same position alone; None
        where positions mix.
    body: what an operation defined in a model consists of.
    surrogate: whether its rule is on purpose not its derivative.
    indexes: the operands that hold whole numbers from 0 on, and Signature -> below what.
    counts: Signature, for each operand below what its whole numbers lie (None: it has others) ->
        the same of the result; None where it has others.
    fold: of a reduction the binary operation that does the same over a range, term after term; and
        the one that ends it, of the result and the number of terms.
    yields: whether a file may define a function of this name: files are older than the name.
    rounding: how rounding shows in the result: EXACT, BY_ENTRY or BY_NORM.
    domain, drawn: between which entries it is tried; operands that are no free arrays, each with
        the distribution (`gradcli.draws`) that it is tried with.
    exact: its value in a field, from an arithmetic, the operands and the `static` arguments (see
        `proof.arithmetic`); RING: as `forward` has it. None: nothing is known of it but that equal
        operands give equal results.
    """

    name: str
    operands: tuple[str, ...]
    shape: Callable[[Signature], Shape]
    forward: Callable[..., Array]
    vjp: Callable[..., Sequence[Expr | None]]
    flops: Flops
    about: str
    cite: str
    text: Spelling
    latex: Spelling | Callable[[Mapping[str, Any]], Spelling]
    latex_scalar: Spelling | None = None
    numpy: Spelling | None = None
    code: Mapping[str, Any] = field(default_factory=dict)
    lists: Callable[..., Any] | None = None
    linear: Linear = ()
    jacobian: Callable[[Signature, int, Sequence[Expr]], Map | None] | None = None
    flip: Callable[[Signature, Sequence[Pair]], Expr | None] | None = None
    spread: bool = False
    attributes: tuple[str, ...] = ()
    static: Callable[[Signature], dict[str, Any]] = coded
    keywords: dict[str, Any] = field(default_factory=dict)
    terms: Callable[..., Any] | None = None
    copies: bool = False
    turns: bool = False
    stretches: bool = False
    applied: str = ""
    places: str = ""
    letters: str = ""
    positive: bool = False
    above: bool = False
    regroups: bool = False
    boolean: bool = False
    sums_to_one: Callable[[Signature], int | None] | None = None
    region: Callable[[Signature], Any] | None = None
    rows: Callable[[Signature, Expr], tuple[Expr, Expr]] | None = None
    complex_safe: bool = True
    kink: str = ""
    branches: Callable[..., Array] | None = None
    lifts: bool = False
    lanes: Callable[[Signature, Sequence[int | None]], int | None] | None = None
    body: Body | None = None
    surrogate: bool = False
    indexes: Mapping[int, Callable[[Signature], Size]] = field(default_factory=dict)
    counts: Callable[[Signature, Sequence[Size | None]], Size | None] | None = None
    fold: tuple[str, ...] = ()
    yields: bool = False
    rounding: str = BY_ENTRY
    exact: Callable[..., Any] | str | None = None
    group: str = ""
    aliases: tuple[str, ...] = ()
    foldable: bool = False
    sized: Callable[..., Size | None] | None = None
    new_axes: int = 0
    domain: tuple[float, float] = (-2.0, 2.0)
    drawn: Mapping[int, str] = field(default_factory=dict)

    @property
    def differentiable(self) -> bool:
        return self.vjp is not no_vjp

    @property
    def elementwise(self) -> bool:
        return self.shape is elementwise_shape

    def takes(self) -> tuple[str, ...]:
        """The kinds of all its attributes."""
        return (*self.attributes, *self.keywords)

    def gives_way(self, name: str) -> bool:
        """Whether a file may define a function under one of its names."""
        return self.yields or name != self.name

    def linear_groups(self, operands: int) -> tuple[tuple[int, ...], ...]:
        """The groups of `linear`, for a number of operands."""
        if self.linear == ALL:
            return (tuple(range(operands)),)
        if self.linear == EACH:
            return tuple((k,) for k in range(operands))
        assert not isinstance(self.linear, str)
        return self.linear


def tried(op: Op, sizes: Sizes, shapes: tuple[Shape, ...]) -> Iterator[Attrs]:
    """Attributes to try an operation with, the plainest first; its shape rule refuses some."""
    rank = (len(shapes[0]) if shapes else 2) + op.new_axes
    choices = []
    for key in op.takes():
        at = At(sizes, shapes, rank, op.keywords.get(key))
        choices.append([(key, value) for value in ATTRIBUTES[key].tried(at)])
    yield from itertools.product(*choices)


class Call:
    """An operation at given shapes and arguments. Calls are interned: one for each kind of step."""

    __slots__ = ("attrs", "op", "rules", "shape", "signature", "static")

    def __init__(self, op: Op, signature: Signature, attrs: Attrs, shape: Shape) -> None:
        self.op = op
        self.signature = signature
        self.attrs = attrs
        self.shape = shape
        self.static = op.static(signature)
        self.rules: dict[Any, Any] = {}  # what transformations keep for steps of this kind

    def missing_axes(self) -> tuple[int, ...]:
        """How many axes in front each operand lacks for the operation to broadcast it."""
        ranks = [len(shape) for shape in self.signature.shapes]
        return tuple([max(ranks) - rank if self.op.lifts else 0 for rank in ranks])

    @property
    def flops(self) -> Size:
        """How many floating-point operations it takes, as a polynomial over the dims."""
        return self.op.flops(self.signature, self.shape)


TABLE: dict[str, Op] = {}
FUNCTIONS: dict[str, Op] = {}  # what a user may call, under every name it has


def register(op: Op, function: bool = True) -> Op:
    TABLE[op.name] = op
    if function:
        for name in (op.name, *op.aliases):
            FUNCTIONS[name] = op
    return op


def define(
    name: str, latex: str | Spelling = "", operands: tuple[str, ...] = ("x",), **fields: Any
) -> Op:
    """Register a function, written under its name in the language, and in LaTeX by default too."""
    inner = ", ".join(
        f"{{{each}}}" for each in (*range(len(operands)), *fields.get("attributes", ()))
    )
    template = latex or rf"{roman(name)}{{keywords}}\left({inner}\right)"
    spelling = Spelling(template) if isinstance(template, str) else template
    return register(Op(name=name, operands=operands, text=Spelling(name), latex=spelling, **fields))


def no_vjp(s: Signature, g: Expr, out: Expr, *operands: Expr) -> Sequence[Expr | None]:
    """The vjp of an operation whose derivative is 0 wherever it exists."""
    return tuple(None for _ in operands)


def elementwise_shape(s: Signature) -> Shape:
    return broadcast_shapes(s.sizes, s.shapes)


def elementwise_flip(name: str) -> Callable[[Signature, Sequence[Pair]], Expr | None]:
    """Transposition moves through an elementwise operation, where all ranks are equal."""

    def flip(s: Signature, pairs: Sequence[Pair]) -> Expr | None:
        if len({len(shape) for shape in s.shapes if not is_scalar(shape)}) > 1:
            return None
        return Expr(name, tuple(pair.flipped for pair in pairs), tuple(s.attrs.items()))

    return flip


def elementwise_lanes(s: Signature, axes: Sequence[int | None]) -> int | None:
    """Positions stay apart where every operand that varies has the same axis, unstretched."""
    varying = {
        (axis, shape[axis].value)
        for axis, shape in zip(axes, s.shapes, strict=True)
        if axis is not None
    }
    if len(varying) != 1:
        return None
    axis, size = varying.pop()
    longest = max(shape[axis].value for shape in s.shapes if len(shape) >= -axis)
    return axis if longest == size else None


def square(s: Signature) -> None:
    """Raise Mismatch unless the only operand is a square matrix."""
    shape = s.shapes[0]
    if len(shape) != 2 or same(*shape) is None:
        raise Mismatch(f"{{0}} is {spell(shape)}, not a square matrix")


def real(x: Array) -> Array:
    """The real part, on which branches are decided: complex arguments follow the real one."""
    return x.real


def kept_counts(s: Signature, belows: Sequence[Size | None]) -> Size | None:
    """The `counts` of what moves entries: the one that all of its operands have."""
    first = belows[0]
    return first if all(below is first for below in belows) else None


def asarray(value: Any) -> Array:
    array = np.asarray(value, dtype=float)
    return array.reshape((1, 1)) if array.ndim == 0 else array
