"""What names stand for while a model is lowered."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

from gradcli.ops.core import Op
from gradcli.sizes import Number, Shape, Size
from gradcli.syntax import ast
from gradcli.syntax.ast import Place


class Ref:
    """A quantity: an input or a step. `rolled` is its name with a loop's index as a letter."""

    __slots__ = ("name", "rolled", "shape")

    def __init__(self, name: str, shape: Shape, rolled: str | None = None) -> None:
        self.name = name
        self.shape = shape
        self.rolled = rolled


class Family:
    """The members of x[1..T], under their indices, in the order in which they were defined."""

    __slots__ = ("arity", "members", "name", "place")

    def __init__(self, name: str, arity: int, place: Place) -> None:
        self.name = name
        self.arity = arity
        self.place = place
        self.members: dict[tuple[int, ...], Ref] = {}


class Listing(NamedTuple):
    """`[a, b, c]` or `[a; b; c]` before it is known whether it is a value or a list of sizes."""

    items: tuple[Any, ...]
    stacked: bool
    place: Place
    depth: int = 1  # of the brackets


class Text(NamedTuple):
    """A text between quotes."""

    text: str


class Definition(NamedTuple):
    """A `def`; `weight` is how many instructions its expansion has, `depth` how deep it nests."""

    node: ast.Def
    weight: int


class UserFunction(NamedTuple):
    """An `op` with its own rule; `made` holds the operation for each list of operand shapes."""

    node: ast.UserOp
    weight: int
    made: dict[tuple[Shape, ...], Op]


Item: TypeAlias = Ref | Number | Family | Listing | Text
Binding: TypeAlias = Ref | Number | Family | Definition | UserFunction


class Scope:
    """Names and what they stand for. `kind` is "file", "loop" or "def"."""

    __slots__ = ("kind", "names", "parent", "places")

    def __init__(self, kind: str, parent: Scope | None) -> None:
        self.kind = kind
        self.parent = parent
        self.names: dict[str, Binding] = {}
        self.places: dict[str, Place] = {}  # where each name was defined

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


def elements(shape: Iterable[Size]) -> int:
    return math.prod(int(size.value) for size in shape)
