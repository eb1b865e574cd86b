"""Draws: what a declaration's `~` states, made into a distribution and its parameters."""

from __future__ import annotations

from typing import Any

from gradcli.draws import DISTRIBUTIONS, Distribution
from gradcli.errors import GradError
from gradcli.lower.env import Env
from gradcli.lower.expressions import number, run
from gradcli.program import Drawn
from gradcli.sizes import Number, Shape, numbers, spell
from gradcli.suggest import suggestion
from gradcli.syntax import ast

AXIS = "axis"
COUNTS = ("no arguments", "one argument", "two arguments")


def drawn(env: Env, draw: ast.Draw) -> Drawn:
    """The distribution that is stated. Raises GradError where it can't be."""
    name, place = draw.distribution
    found = DISTRIBUTIONS.get(name)
    if found is None:
        known = "normal(mean, deviation) or uniform(low, high)"
        hint = suggestion(name, DISTRIBUTIONS) or known
        raise env.error(f"there is no distribution `{name}`", place, hint, kind="bad-value")
    given, axis = _arguments(env, draw, found)
    values = tuple([given[key] if key in given else found.default(key) for key in found.names])
    wrong = found.wrong(values)
    if wrong is not None:
        message, culprit = wrong
        if culprit is not None and culprit < len(draw.arguments):
            raise env.error_over(message, draw.arguments[culprit], kind="bad-value")
        raise env.error(message, place, kind="bad-value")
    return Drawn(name, values, axis)


def _arguments(env: Env, draw: ast.Draw, found: Distribution) -> tuple[dict[str, float], int]:
    """The parameters by name, and the axis."""
    name, names = draw.distribution.text, found.names
    given: dict[str, float] = {}
    axis = 0
    for k, (key, code) in enumerate(zip(draw.keywords, draw.arguments, strict=True)):
        if key == AXIS and found.along:
            axis = int(number(env, code, "an axis").value)
            continue
        if (key is not None and key not in names) or (key is None and k >= len(names)):
            raise _takes(env, draw, found)
        item = run(env, code)
        if not isinstance(item, Number):
            raise env.error_over(f"{name} takes plain numbers", code, kind="bad-value")
        given[key or names[k]] = float(item.value)
    if any(found.parameters[key] is None and key not in given for key in names):
        raise _takes(env, draw, found)
    return given, axis


def _takes(env: Env, draw: ast.Draw, found: Distribution) -> GradError:
    name, place = draw.distribution
    names = found.names
    what = COUNTS[len(names)] + (f": {', '.join(names)}" if names else "")
    if found.along:
        what = "axis= alone"
    return env.error(f"{name} takes {what}", place, kind="bad-value")


def fitted(env: Env, value: Drawn, shape: Shape, draw: Any) -> Drawn:
    """The same for an array of that shape. Raises GradError where it can't be."""
    found = DISTRIBUTIONS[value.distribution]
    place = draw.distribution.place
    rank = len(shape)
    if not -rank <= value.axis < rank:
        where = draw.arguments[draw.keywords.index(AXIS)]
        raise env.error_over(
            f"axis {value.axis} is out of range: there are {rank} axes, from 0",
            where,
            kind="bad-axis",
        )
    unfit = found.unfit(numbers(shape))
    if unfit is not None:
        raise env.error(f"{unfit}, not {spell(shape)}", place, kind="bad-value")
    return value._replace(axis=value.axis % rank)
