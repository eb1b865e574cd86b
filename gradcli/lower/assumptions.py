"""`assume sum(y) == 1`: what a model says of its data."""

from __future__ import annotations

from gradcli.lower.draft import Draft
from gradcli.lower.expressions import number, run
from gradcli.lower.results import named
from gradcli.lower.scope import Ref
from gradcli.program import Sum
from gradcli.sizes import Number, numbers
from gradcli.syntax import ast

FORM = "assume sum(y) == 1, or along an axis: assume sum(Y, axis=1) == 1"


def assume(draft: Draft, node: ast.Assume) -> None:
    """Note what the entries of declared quantities add up to. Raises GradError."""
    target, axis_code, total_code = _parts(draft, node)
    env, place = draft.env, node.name.place
    total = run(env, total_code)
    if not isinstance(total, Number):
        raise env.error(
            "a sum is assumed to be a number",
            ast.extent(total_code),
            FORM,
            kind="bad-assume",
        )
    axis = None if axis_code is None else int(number(env, axis_code, "an axis").value)
    for ref in named(draft, target):
        item = draft.inputs.get(ref.name)
        if item is None:
            raise env.error(
                f"{ref.name} is computed; an assumption is about what is declared",
                place,
                kind="bad-assume",
            )
        draft.inputs[ref.name] = item._replace(
            sums=(*item.sums, Sum(_axis(draft, ref, axis, axis_code), total, place))
        )


def _axis(draft: Draft, ref: Ref, axis: int | None, code: ast.Code | None) -> int | None:
    """The axis of a sum; of a column the sum along it is that of all entries."""
    rank = len(ref.shape)
    if axis is None or code is None:
        return None if numbers(ref.shape)[1:] != (1,) else 0
    if not -rank <= axis < rank:
        raise draft.env.error(f"{ref.name} has no axis {axis}", ast.extent(code), kind="bad-axis")
    return axis % rank


def _parts(draft: Draft, node: ast.Assume) -> tuple[ast.Target, ast.Code | None, ast.Code]:
    """What is summed, the axis, and what the sum is. Raises GradError for another form."""
    *code, (last, sign, _) = node.value
    calls = [k for k, step in enumerate(code) if step[0] == "call"]
    if (last, sign) == ("binary", "==") and calls and code[0][0] == "name":
        k = calls[0]
        (name, keywords), inside = code[k][1], tuple(code[1:k])
        if name == "sum" and keywords in ((None,), (None, "axis"), (None, None)):
            indexed = next((i for i, step in enumerate(inside) if step[0] == "index"), None)
            members, axis = None, inside
            if indexed is not None and inside[indexed][1] == (ast.AT,):
                members, axis = (inside[:indexed],), inside[indexed + 1 :]
            target = ast.Target(ast.Name(code[0][1], code[0][2]), members)
            total = tuple(code[k + 1 :])
            if total and bool(axis) == (len(keywords) == 2):
                return target, axis or None, total
    raise draft.env.error(
        "an assumption says what the entries of declared data add up to",
        node.name.place,
        FORM,
        kind="bad-assume",
    )
