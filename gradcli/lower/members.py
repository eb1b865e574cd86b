"""Members of families: what an index names, and which there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradcli.errors import GradError
from gradcli.forms import Member
from gradcli.lower.env import Env
from gradcli.lower.operands import whole
from gradcli.lower.scope import Family, Item, Ref
from gradcli.lower.text import Poisoned
from gradcli.sizes import Number
from gradcli.syntax import ast
from gradcli.syntax.ast import Place


def member(
    env: Env, family: Family, kinds: tuple[Any, ...], bounds: list[Item], place: Place
) -> Ref:
    """The member that an index names. Raises GradError, Poisoned where there is none."""
    if any(kind != ast.AT for kind in kinds):
        raise env.error(
            f"{family.name} is a family: an index names one member",
            place,
            f"{family.name}[1]",
            kind="bad-index",
        )
    key = member_key(env, family, bounds, place)
    found = family.members.get(key)
    if found is not None:
        rolled = form(family.name, bounds)
        env.listing.use(family, rolled, found)
        return Ref(found.name, found.shape, rolled, found.below)
    if family.name in env.outline.poisoned:
        raise Poisoned(family.name)
    name = f"{family.name}[{', '.join(map(str, key))}]"
    span = env.text.span(place)
    raise GradError(f"`{name}` is not defined", span, _range(family), kind="undefined-name")


def member_key(env: Env, family: Family, bounds: Sequence[Item], place: Place) -> tuple[int, ...]:
    """The whole numbers that an index is made of. Raises GradError elsewhere."""
    if len(bounds) != family.arity:
        plural = "index" if family.arity == 1 else "indices"
        raise env.error(
            f"{family.name} has {family.arity} {plural}, not {len(bounds)}",
            place,
            _range(family),
            kind="bad-index",
        )
    return tuple([whole(env, bound, "an index", place, k) for k, bound in enumerate(bounds)])


def form(family: str, bounds: Sequence[Item]) -> Member | None:
    """A member with letters, where its index has some."""
    found = [bound for bound in bounds if isinstance(bound, Number)]
    if not any(bound.rolled for bound in found):
        return None
    return Member(family, tuple([bound.form for bound in found]))


def _range(family: Family) -> str | None:
    """A hint that says which members there are."""
    keys = list(family.members)
    if not keys or family.arity != 1:
        return None
    low, high = min(keys)[0], max(keys)[0]
    if len(keys) == 1:
        return f"{family.name}[{low}] alone is defined"
    if len(keys) == high - low + 1:
        return f"{family.name}[{low}] to {family.name}[{high}] are defined"
    return f"{len(keys)} members between {family.name}[{low}] and {family.name}[{high}] are defined"
