"""The expression tree in which backward rules are stated: Python's operators build it.

A tree says nothing of shapes; `template` gives it its shapes, transposes, prints and computes it.
"""

from __future__ import annotations

from typing import Any, TypeAlias, Union

from gradcli.sizes import Number, plain

Operand: TypeAlias = Union["Expr", float, Number]


NAMED = "named"


class Expr:
    """An operation on expressions, a leaf (op "leaf", its key in `attrs`) or a number.

    An expression with a name of its own (op "named") is worth what it names.
    """

    __slots__ = ("args", "attrs", "op")

    def __init__(self, op: str, args: tuple[Expr, ...] = (), attrs: tuple[Any, ...] = ()) -> None:
        self.op = op
        self.args = args
        self.attrs = attrs

    def __add__(self, other: Operand) -> Expr:
        return call("add", self, other)

    def __sub__(self, other: Operand) -> Expr:
        return call("sub", self, other)

    def __rsub__(self, other: Operand) -> Expr:
        return call("sub", other, self)

    def __radd__(self, other: Operand) -> Expr:
        return call("add", other, self)

    def plus(self, other: Expr) -> Expr:
        """The sum as it is written: a - b rather than a + -b."""
        return self - other.args[0] if other.op == "neg" else self + other

    def opposite(self) -> Expr:
        """The negation as it is written: -(-a) is a."""
        return self.args[0] if self.op == "neg" else -self

    def __mul__(self, other: Operand) -> Expr:
        return call("mul", self, other)

    def __rmul__(self, other: Operand) -> Expr:
        return call("mul", other, self)

    def __truediv__(self, other: Operand) -> Expr:
        return call("div", self, other)

    def __rtruediv__(self, other: Operand) -> Expr:
        return call("div", other, self)

    def __pow__(self, other: Operand) -> Expr:
        return call("pow", self, other)

    def __matmul__(self, other: Operand) -> Expr:
        return call("matmul", self, other)

    def __neg__(self) -> Expr:
        return call("neg", self)

    def __lt__(self, other: Operand) -> Expr:
        return call("lt", self, other)

    def __le__(self, other: Operand) -> Expr:
        return call("le", self, other)

    def __gt__(self, other: Operand) -> Expr:
        return call("gt", self, other)

    def __ge__(self, other: Operand) -> Expr:
        return call("ge", self, other)

    @property
    def T(self) -> Expr:
        return self.args[0] if self.is_transpose() else Expr("transpose", (self,))

    def is_transpose(self) -> bool:
        return self.op == "transpose"

    def is_number(self) -> bool:
        return self.op == "number"

    @property
    def number(self) -> Number:
        """The number that a number expression is."""
        assert self.op == "number"
        value: Number = self.attrs[0]
        return value


def call(op: str, *args: Operand, **attrs: Any) -> Expr:
    """An operation of the table on expressions and numbers."""
    return Expr(op, tuple(as_expr(arg) for arg in args), tuple(attrs.items()))


def as_expr(value: Operand) -> Expr:
    if isinstance(value, Expr):
        return value
    return Expr("number", (), (value if isinstance(value, Number) else plain(value),))


def leaf(key: Any) -> Expr:
    """A quantity known from outside the expression."""
    return Expr("leaf", (), (key,))


def named(name: str, value: Expr) -> Expr:
    """An intermediate of a rule that the listing shows as a line of its own."""
    return Expr(NAMED, (value,), (name,))


def equal(a: Operand, b: Operand) -> Expr:
    return call("eq", a, b)
