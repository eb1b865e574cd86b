"""What the parser makes of a file: statements, whose expressions are flat postfix code.

An expression is a tuple of instructions in the order in which they are computed (operands left to
right, then the operation), so that nothing that walks one is recursive. An instruction is
(operation, argument, place), and its place is that of the whole expression which it ends:

    ("number", "2.5", place)    ("name", "x", place)        ("derivative", "x", place)
    ("binary", "@", place)      ("unary", "-", place)       ("transpose", None, place)
    ("column", n, place)        ("stacked", n, place)       ("string", "w.npy", place)
    ("tuple", n, place)         (0, 2): what stands for axes and sizes in a call's arguments
    ("index", kinds, place)     each kind AT, or which of a slice's two bounds are on the stack,
                                and True behind these where a step is
    ("call", (name, keywords), place)   a keyword or None for each argument on the stack
    ("comprehension", Comprehension, place)
    ("attribute", "pi", place)          np.pi; in derivation files alone, as is
    ("method", (name, keywords), place) x.sum(0), np.sum(x): the object lies below its arguments

Where the sign of an operation stands (its operator, its function's name), and where its operands
stand, is kept beside the code, under the operation's place: few ask for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any, TypeAlias

from gradcli.record import Record

Place: TypeAlias = tuple[int, int]  # in the source: offsets, the end excluded
Instruction: TypeAlias = tuple[str, Any, Place]
Code: TypeAlias = tuple[Instruction, ...]
# Where the sign of an operation stands, and behind it where each operand, argument or slice does.
Signs: TypeAlias = tuple[Place, ...]

AT = "at"


def extent(code: Code) -> Place:
    """Where an expression stands, from its begin to its end."""
    return code[-1][2]


def arity(operation: str, argument: object) -> int:
    """How many operands an instruction takes off the stack."""
    if operation == "binary":
        return 2
    if operation in ("unary", "transpose", "attribute"):
        return 1
    if operation == "method":
        assert isinstance(argument, tuple)
        return 1 + len(argument[1])
    if operation == "call":
        assert isinstance(argument, tuple)
        return len(argument[1])
    if operation in ("column", "stacked", "tuple"):
        assert isinstance(argument, int)
        return argument
    if operation == "index":
        assert isinstance(argument, tuple)
        return 1 + sum(1 if kind == AT else sum(kind) for kind in argument)
    return 0


class Name(Record):
    """A name as it stands in the text."""

    text: str
    place: Place


class Interval(Record):
    """`first..last`, both included."""

    first: Code
    last: Code
    place: Place


class Generator(Record):
    """`for variable in interval if condition`."""

    variable: Name
    interval: Interval
    conditions: tuple[Code, ...] = ()


class Comprehension(Record):
    """`function(body for variable in interval, keyword=extra)`.

    continued: whether the body is the next generator of the same call: a comprehension, alone.
    """

    function: str
    generator: Generator
    body: Code
    continued: bool = False
    keywords: tuple[str, ...] = ()
    extra: tuple[Code, ...] = ()

    def each(self, change: Callable[[Code], Code]) -> Comprehension:
        """The same with all of its code changed."""
        variable, interval, conditions = self.generator
        first, last = change(interval.first), change(interval.last)
        return self._replace(
            generator=Generator(
                variable,
                interval._replace(first=first, last=last),
                tuple(map(change, conditions)),
            ),
            body=change(self.body),
            extra=tuple(map(change, self.extra)),
        )

    def of(self, function: str) -> Comprehension:
        """The same as a call of a function."""
        if not self.continued:
            return self._replace(function=function)
        ((operation, inner, place),) = self.body
        return self._replace(function=function, body=((operation, inner.of(function), place),))

    def codes(self) -> tuple[Code, ...]:
        """What it is computed from, but for its range."""
        return self.body, *self.generator.conditions, *self.extra


class Layout(Record):
    name: Name


class Dim(Record):
    name: Name
    value: Code | None


class Dims(Record):
    items: tuple[Dim, ...]


class Draw(Record):
    """A value drawn from a distribution: `~ normal(0, 1)`, `~ onehot(axis=1)`.

    keywords: the word before each argument, or None.
    """

    distribution: Name
    arguments: tuple[Code, ...]
    keywords: tuple[str | None, ...]


Value: TypeAlias = Code | Draw | None


class Declared(Record):
    """One declared name. `family` holds the intervals of x[1..T], `shape` one code a size.

    within: the range of an index, whose entries are whole numbers.
    """

    name: Name
    family: tuple[Interval, ...] | None
    shape: tuple[Code, ...] | None
    value: Value
    within: Interval | None = None


class Declaration(Record):
    role: str
    items: tuple[Declared, ...]


class Target(Record):
    """The left-hand side of an equation: a name, or a member of a family."""

    name: Name
    members: tuple[Code, ...] | None


class Equation(Record):
    target: Target
    value: Code


class Loss(Record):
    target: Target
    value: Code | None


class GivenItem(Record):
    """dL/dNAME, one member of it or the whole family, perhaps with its value."""

    target: Target
    value: Value


class Given(Record):
    items: tuple[GivenItem, ...]


class Assume(Record):
    """What holds of data: `sum(y) == 1`. The name's place is all of it."""

    name: Name
    value: Code


class For(Record):
    variable: Name
    interval: Interval
    body: tuple[Any, ...]


class Def(Record):
    """A definition: `body` are the equations before the result."""

    name: Name
    parameters: tuple[Name, ...]
    body: tuple[Any, ...]
    result: Code


class BackwardLine(Record):
    """A backward step as a person writes it: of dL/dNAME, or of a name of their own.

    `brackets` holds for each pair of brackets its slices: kinds as in an index instruction, and the
    codes of what stands on the stack. `indices` are the values of the variables of the loops around
    it, from the outermost, where it is one iteration of them.
    """

    name: Name
    own: bool
    brackets: tuple[tuple[tuple[Any, ...], tuple[Code, ...]], ...]
    assign: str
    value: Code
    indices: tuple[tuple[str, int], ...] = ()


class Blank(Record):
    """A backward step that is not answered yet: `dL/dx = ?`. The name's place is all of it."""

    name: Name
    own: bool
    brackets: tuple[tuple[tuple[Any, ...], tuple[Code, ...]], ...]


class Save(Record):
    """`save rstd`: what of the inside of an op its rule may use."""

    names: tuple[Name, ...]


class UserOp(Record):
    """A definition that states its own backward rule; a surrogate's is on purpose no derivative.

    body: the equations before the result. saved: those of their names that the rule may use.
    fixed: the parameters that no gradient flows to.
    """

    name: Name
    parameters: tuple[Name, ...]
    result: Code
    rule: tuple[BackwardLine | Layout, ...]
    surrogate: bool = False
    fixed: frozenset[str] = frozenset()
    body: tuple[Any, ...] = ()
    saved: tuple[Name, ...] = ()


def at_head(layout: Layout, statements: Sequence[Any]) -> bool:
    """Whether a `layout` stands at the head of a file: above it there is nothing but dims."""
    above = takewhile(lambda statement: statement is not layout, statements)
    return all(isinstance(statement, Dims) for statement in above)
