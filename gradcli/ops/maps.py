"""Linear maps between arrays as matrices on their entries, row by row: what Jacobians are made of.

A map is a sum of products of factors: an identity, a diagonal, a matrix, a Kronecker product. Its
constructors draw together what is known to be simpler, so that the Jacobian of a softmax comes out
as diag(y) - y @ y.T. No two kinds have fields of the same types, so that no two of them are equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TypeAlias, Union

from gradcli.expr import Expr, as_expr, call
from gradcli.record import Record
from gradcli.sizes import Number, Shape, Size, Sizes, is_one, is_scalar, plain, same

Map: TypeAlias = Union["Eye", "Diag", "Dense", "Ones", "Kron", "Product", "Sum", "Scaled"]


class Eye(Record):
    """The identity on some entries."""

    size: Size

    @property
    def sizes(self) -> tuple[Size, Size]:
        return self.size, self.size


class Diag(Record):
    """A diagonal matrix; `entries` is a column."""

    entries: Expr
    size: Size

    @property
    def sizes(self) -> tuple[Size, Size]:
        return self.size, self.size


class Dense(Record):
    """Any matrix."""

    expr: Expr
    sizes: tuple[Size, Size]


class Ones(Record):
    """A column or a row of ones: what a sum and a broadcast are made of."""

    sizes: tuple[Size, Size]


class Kron(Record):
    """A Kronecker product: the left factor acts on rows, the right one on columns."""

    left: Map
    right: Map
    sizes: tuple[Size, Size]


class Product(Record):
    """A product of at least two factors, of which none is a product, a multiple or an identity."""

    factors: tuple[Map, ...]

    @property
    def sizes(self) -> tuple[Size, Size]:
        return self.factors[0].sizes[0], self.factors[-1].sizes[1]


class Sum(Record):
    """A sum of at least two terms, of which none is a sum."""

    terms: tuple[Map, ...]
    sizes: tuple[Size, Size]


class Scaled(Record):
    """A scalar times a map that is no multiple itself."""

    scalar: Expr
    inner: Map

    @property
    def sizes(self) -> tuple[Size, Size]:
        return self.inner.sizes


# ── what entries of the operation table say ──


def dense(expr: Expr, shape: Shape) -> Map:
    """A matrix as a map; a 1×1 one is a number."""
    rows, columns = shape
    if is_scalar(shape):
        return scaled(expr, Eye(rows))
    return Dense(expr, (rows, columns))


def entries(shape: Shape, sizes: Sizes) -> Size:
    """How many entries a shape has, as a symbol."""
    return sizes.product(shape)


def identity(shape: Shape, sizes: Sizes) -> Map:
    return Eye(entries(shape, sizes))


def times(factor: Expr, own: Shape, shape: Shape, sizes: Sizes) -> Map | None:
    """Multiplication of an array of a shape, entry by entry, by a factor of its own shape."""
    if is_scalar(own):
        return scaled(factor, identity(shape, sizes))
    if all(map(same, own, shape)) and len(own) == len(shape):
        size = entries(shape, sizes)
        column = len(shape) == 2 and is_one(shape[1])
        return Diag(factor if column else call("reshape", factor, shape=(size, _one(sizes))), size)
    if len(shape) != 2 or len(own) != 2:
        return None
    if is_one(own[1]):
        return kron(Diag(factor, own[0]), Eye(shape[1]), sizes)
    return kron(Eye(shape[0]), Diag(factor.T, own[1]), sizes)


def stretched(own: Shape, shape: Shape, sizes: Sizes) -> Map | None:
    """A broadcast of an array from its own shape to another."""
    if len(shape) != 2 or len(own) != 2:
        return identity(shape, sizes) if own == shape else None
    axes = [_spread(a, b, sizes) for a, b in zip(own, shape, strict=True)]
    return kron(axes[0], axes[1], sizes)


def _spread(own: Size, size: Size, sizes: Sizes) -> Map:
    return Eye(size) if own is size or not is_one(own) else Ones((size, sizes.constant(1)))


def transposed(found: Map) -> Map:
    """The transpose of a map."""
    if isinstance(found, Eye | Diag):
        return found
    if isinstance(found, Dense):
        return Dense(found.expr.T, found.sizes[::-1])
    if isinstance(found, Ones):
        return Ones(found.sizes[::-1])
    if isinstance(found, Kron):
        return Kron(transposed(found.left), transposed(found.right), found.sizes[::-1])
    if isinstance(found, Product):
        return Product(tuple(transposed(f) for f in reversed(found.factors)))
    if isinstance(found, Sum):
        return Sum(tuple(map(transposed, found.terms)), found.sizes[::-1])
    return Scaled(found.scalar, transposed(found.inner))


# ── constructors ──


def scaled(scalar: Expr, found: Map) -> Map:
    if scalar.is_number() and scalar.number.value == 1:
        return found
    if isinstance(found, Scaled):
        return scaled(_multiplied(scalar, found.scalar), found.inner)
    return Scaled(scalar, found)


def negated(found: Map) -> Map:
    return scaled(as_expr(-1), found)


def _multiplied(a: Expr, b: Expr) -> Expr:
    if a.is_number() and b.is_number():
        return as_expr(plain(a.number.value * b.number.value))
    for one, other in ((a, b), (b, a)):
        if one.is_number() and one.number.value == -1:
            return other.opposite()
    return b * a if b.is_number() else a * b


def kron(left: Map, right: Map, sizes: Sizes) -> Map:
    """A Kronecker product; a factor on a single entry is none."""
    if isinstance(left, Scaled):
        return scaled(left.scalar, kron(left.inner, right, sizes))
    if isinstance(right, Scaled):
        return scaled(right.scalar, kron(left, right.inner, sizes))
    if isinstance(left, Eye) and is_one(left.size):
        return right
    if isinstance(right, Eye) and is_one(right.size):
        return left
    both = (
        sizes.multiply(left.sizes[0], right.sizes[0]),
        sizes.multiply(left.sizes[1], right.sizes[1]),
    )
    if isinstance(left, Eye) and isinstance(right, Eye):
        return Eye(both[0])
    if isinstance(left, Ones) and isinstance(right, Ones) and is_one(both[0]) != is_one(both[1]):
        return Ones(both)
    return Kron(left, right, both)


def product(left: Map, right: Map, sizes: Sizes, spread: bool = False) -> Map:
    """The composition: the right map first. spread: whether sums are multiplied out."""
    if spread and isinstance(left, Sum):
        return plus([product(term, right, sizes, spread) for term in left.terms], sizes)
    if spread and isinstance(right, Sum):
        return plus([product(left, term, sizes, spread) for term in right.terms], sizes)
    if isinstance(left, Scaled):
        return scaled(left.scalar, product(left.inner, right, sizes, spread))
    if isinstance(right, Scaled):
        return scaled(right.scalar, product(left, right.inner, sizes, spread))
    first = left.factors if isinstance(left, Product) else (left,)
    second = right.factors if isinstance(right, Product) else (right,)
    scalars: list[Expr] = []
    found: list[Map] = []
    for factor in (*first, *second):
        last: Map = factor
        while found and (joint := _joined(found[-1], last, sizes)) is not None:
            found.pop()  # what two became may join the one before
            if isinstance(joint, Scaled):
                scalars.append(joint.scalar)
                joint = joint.inner
            last = joint
        found.append(last)
    whole = found[0] if len(found) == 1 else Product(tuple(found))
    return reduce(lambda inner, scalar: scaled(scalar, inner), scalars, whole)


def _joined(a: Map, b: Map, sizes: Sizes) -> Map | None:
    """The product of two factors as one factor, where it is simpler."""
    if isinstance(a, Eye):
        return b
    if isinstance(b, Eye):
        return a
    if isinstance(a, Diag) and isinstance(b, Diag):
        return Diag(a.entries * b.entries, a.size)
    if isinstance(a, Diag) and isinstance(b, Ones) and is_one(b.sizes[1]):
        return Dense(a.entries, b.sizes)
    if isinstance(a, Diag) and isinstance(b, Dense) and is_one(b.sizes[1]):
        return Dense(a.entries * b.expr, b.sizes)
    if isinstance(a, Dense) and isinstance(b, Diag) and is_one(a.sizes[0]):
        return Dense(a.expr * b.entries.T, a.sizes)
    if isinstance(a, Ones) and isinstance(b, Diag) and is_one(a.sizes[0]):
        return Dense(b.entries.T, a.sizes)
    if isinstance(a, Ones) and isinstance(b, Ones) and is_one(a.sizes[0]) and is_one(b.sizes[1]):
        return scaled(as_expr(number_of(a.sizes[1])), Eye(a.sizes[0]))
    if isinstance(a, Kron) and isinstance(b, Kron):
        left, right = (a.left, b.left), (a.right, b.right)
        if all(same(one.sizes[1], other.sizes[0]) for one, other in (left, right)):
            return kron(product(*left, sizes), product(*right, sizes), sizes)
    return None


def plus(terms: Sequence[Map], sizes: Sizes) -> Map:
    """The sum: like terms are counted, and diagonals drawn together."""
    flat: list[Map] = []
    for term in terms:
        flat += term.terms if isinstance(term, Sum) else (term,)
    counts: dict[str, tuple[float, Map]] = {}
    for term in flat:
        count, inner = 1.0, term
        if isinstance(term, Scaled) and term.scalar.is_number():
            count, inner = term.scalar.number.value, term.inner
        key = written(inner)
        counts[key] = (counts.get(key, (0.0, inner))[0] + count, inner)
    found = [scaled(as_expr(plain(n)), inner) for n, inner in counts.values() if n]
    diagonal = [(i, _entries(term)) for i, term in enumerate(found)]
    parts = [(i, entries) for i, entries in diagonal if entries is not None]
    if len(parts) > 1 and any(isinstance(found[i], Diag) for i, _ in parts):
        joint = reduce(Expr.plus, [entries for _, entries in parts])
        at = {i for i, _ in parts}
        size = found[parts[0][0]].sizes[0]
        found = [term for i, term in enumerate(found) if i not in at]
        found.insert(parts[0][0], Diag(joint, size))
    if not found:
        return scaled(as_expr(0), flat[0])
    return found[0] if len(found) == 1 else Sum(tuple(found), found[0].sizes)


def _entries(found: Map) -> Expr | None:
    """The diagonal of a diagonal map, as a column or a number."""
    if isinstance(found, Diag):
        return found.entries
    if isinstance(found, Eye):
        return as_expr(1)
    if isinstance(found, Scaled) and isinstance(found.inner, Diag | Eye):
        inner = _entries(found.inner)
        negative = found.scalar.is_number() and found.scalar.number.value == -1
        assert inner is not None
        if isinstance(found.inner, Eye):
            return found.scalar
        return inner.opposite() if negative else found.scalar * inner
    return None


def written(found: Map) -> str:
    """A text that equal maps share."""
    return _key(as_matrix(found))


def _key(expr: Expr) -> str:
    inner = ",".join(map(_key, expr.args))
    attrs = expr.number.text if expr.is_number() else repr(expr.attrs)
    return f"{expr.op}({inner}){attrs}"


# ── as an expression of the language ──


def as_matrix(found: Map) -> Expr:
    """A map as an expression of the language, a matrix of the entries."""
    if isinstance(found, Eye):
        return call("eye", size=found.size) if not is_one(found.size) else as_expr(1)
    if isinstance(found, Diag):
        return call("diag", found.entries)
    if isinstance(found, Dense):
        return found.expr
    if isinstance(found, Ones):
        return call("ones", sizes=found.sizes)
    if isinstance(found, Kron):
        return call("kron", as_matrix(found.left), as_matrix(found.right))
    if isinstance(found, Product):
        return reduce(Expr.__matmul__, map(as_matrix, found.factors))
    if isinstance(found, Sum):
        return reduce(Expr.plus, map(as_matrix, found.terms))
    inner = found.inner
    if isinstance(inner, Eye) and is_one(inner.size):
        return found.scalar
    if found.scalar.is_number() and found.scalar.number.value == -1:
        return as_matrix(inner).opposite()
    return found.scalar * as_matrix(inner)


def number_of(size: Size) -> Number:
    """A size as a plain number, written as the size."""
    return Number(size.number, size, size.text, size.precedence)


def _one(sizes: Sizes) -> Size:
    return sizes.constant(1)
