"""What names stand for while a text is lowered, and where in its loops and definitions it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from gradcli.forms import Member
from gradcli.record import Record
from gradcli.sizes import Lettered, Number, Shape, Size
from gradcli.syntax import ast
from gradcli.syntax.ast import Place


class Ref:
    """A quantity: an input or a step. `rolled` is its name with letters in its index.

    below: of one that holds whole numbers from 0 on, below what they lie.
    stretches: whether it is written with an axis of size 1 that is meant to be stretched.
    """

    __slots__ = ("below", "name", "rolled", "shape", "stretches")

    def __init__(
        self,
        name: str,
        shape: Shape,
        rolled: Member | None = None,
        below: Size | None = None,
        stretches: bool = False,
    ) -> None:
        self.name = name
        self.shape = shape
        self.rolled = rolled
        self.below = below
        self.stretches = stretches


class Family:
    """The members of x[1..T], under their indices, in the order in which they were defined."""

    __slots__ = ("arity", "members", "name", "place")

    def __init__(self, name: str, arity: int, place: Place) -> None:
        self.name = name
        self.arity = arity
        self.place = place
        self.members: dict[tuple[int, ...], Ref] = {}


class Brackets(Record):
    """`[a, b, c]` or `[a; b; c]` before it is known whether it is a value or a list of sizes.

    A list in round brackets is no value.
    """

    items: tuple[Any, ...]
    stacked: bool
    place: Place
    depth: int = 1  # of the brackets
    listed: bool = False


class NewAxis(Record):
    """`None` or `newaxis`: in brackets an axis of size 1."""

    text: str


class Quoted(Record):
    """A text between quotes."""

    text: str


class Function(Record):
    """A `def`, or an `op` with a rule of its own: `word` says which.

    weight: how many operations a call has. apply: what a call is in its Env, which names no type
    here because it holds scopes; its arguments are operands.
    """

    word: str
    node: ast.Def | ast.UserOp
    weight: int
    apply: Callable[[Any, Sequence[Ref | Number], Place], Ref | Number]


Item: TypeAlias = Ref | Number | Family | Brackets | Quoted | NewAxis
Binding: TypeAlias = Ref | Number | Family | Function


class Scope:
    """Names and what they stand for. `kind` is "file", "loop" or "def"."""

    __slots__ = ("kind", "names", "parent", "places")

    def __init__(self, kind: str, parent: Scope | None) -> None:
        self.kind = kind
        self.parent = parent
        self.names: dict[str, Binding] = {}
        self.places: dict[str, Place] = {}  # where each name was defined

    def bind(self, name: str, value: Binding, place: Place) -> None:
        self.names[name] = value
        self.places[name] = place

    def find(self, name: str) -> Binding | None:
        scope: Scope | None = self
        while scope is not None:
            found = scope.names.get(name)
            if found is not None:
                return found
            scope = scope.parent
        return None

    def chain(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def visible(self) -> set[str]:
        return {name for scope in self.chain() for name in scope.names}

    def holder(self) -> Scope:
        """The scope that outlives the loops around: that of the file or of the definition."""
        scope = self
        while scope.kind == "loop" and scope.parent is not None:
            scope = scope.parent
        return scope

    def root(self) -> Scope:
        """The outermost scope."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope


class Frame(Record):
    """Where lowering is: inside which loops, sums and definitions.

    indices, letters: the values and the letters of the loops' variables, from the outermost.
    suffix: the values as the names of steps show them, `[2]`.
    depth: how many loops, sums and definitions are around; `calls` are the definitions.
    trips: how often the code here runs in all.
    totals: whether sums over a range go over the entries of their terms too.
    """

    indices: tuple[int, ...] = ()
    letters: tuple[Lettered, ...] = ()
    suffix: str = ""
    depth: int = 0
    calls: tuple[str, ...] = ()
    trips: int = 1
    totals: bool = False

    def form(self, name: str) -> Member | None:
        """What a name of this iteration is in all iterations."""
        return Member(name, self.letters) if self.letters else None


def elements(shape: Iterable[Size]) -> int:
    return math.prod(int(size.value) for size in shape)
