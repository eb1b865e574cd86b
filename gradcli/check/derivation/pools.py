"""What the changes of a wrong line are made of: names, factors, terms and constants of the
truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gradcli.check.derivation import edits
from gradcli.check.derivation.expected import Share
from gradcli.check.derivation.line import Line
from gradcli.check.derivation.machine import split_name
from gradcli.check.derivation.postfix import operands, parse, plain, starts
from gradcli.check.derivation.sheet import Sheet
from gradcli.errors import GradError
from gradcli.lower.indexing import counted
from gradcli.lower.text import Poisoned
from gradcli.ops import FUNCTIONS
from gradcli.sizes import Number
from gradcli.syntax import ast

MOST_NAMES = 120
DEEPEST = 4  # how many steps before a line's own its factors are taken from


class Pools(NamedTuple):
    """formulas: what the tool would write.

    near: the names in those formulas; names: the model's and the person's own, nearest first;
        strangers: what only the tool has a name for, and the person's file does not mention.
    factors, terms: of those formulas; far_factors: of the steps that lead to them.
    contributions: what the formulas are the sum of, where there are several.
    far_terms: of the steps that lead to the formulas, and 1. coupled: whether one of the formulas
        is a normalisation's. sizes: the code of the shape that is wanted.
    locals: what multiplies a derivative in the formulas. indices: the names that hold indices.
    stated: the numbers in the formulas; constants: those, and others that a factor may be.
    """

    formulas: tuple[ast.Code, ...]
    near: tuple[ast.Code, ...]
    names: tuple[ast.Code, ...]
    strangers: tuple[ast.Code, ...]
    factors: tuple[ast.Code, ...]
    far_factors: tuple[ast.Code, ...]
    terms: tuple[ast.Code, ...]
    contributions: tuple[ast.Code, ...]
    coupled: bool
    far_terms: tuple[ast.Code, ...]
    locals: tuple[ast.Code, ...]
    indices: tuple[ast.Code, ...]
    stated: tuple[ast.Code, ...]
    constants: tuple[ast.Code, ...]
    sizes: tuple[ast.Code, ...]


def pools(sheet: Sheet, line: Line, shares: Sequence[Share], own: Iterable[str] = ()) -> Pools:
    """The material for a line that should have held some of the shares.

    own: the person's own names that the line may use.
    """
    assert line.name is not None
    formulas = [formula for share in shares for formula in expected_codes(sheet, share)]
    contributions: list[ast.Code] = []
    if len(shares) > 1 and all(share.region is None for share in shares):
        contributions = list(formulas)
        formulas.append(added(formulas))
    equations = [share.eq for share in shares] or [1]
    near = _unique(code[a:b] for code in formulas for a, b in edits.leaves(code))
    names = _unique(
        [
            *(parse(name) for name in own),
            *_names(sheet, line.name, min(equations), max(equations)),
        ]
    )
    unmentioned = {name for name in names if strange(sheet, name)}
    unmentioned |= {name for name in near if name[0][0] == "derivative" and strange(sheet, name)}
    factors = _unique(f for code in formulas for f in (*_factors(code), *_local(code)))
    upstream = _upstream(sheet, formulas)
    far = _unique(f for code in upstream for f in _far_factors(code))
    terms = _unique(t for code in formulas for t in _operands(code, "+-"))
    coupled = any(_normalises(sheet, share) for share in shares)
    return Pools(
        formulas=_unique(formulas),
        near=tuple(name for name in near if name not in unmentioned),
        names=tuple(name for name in names if name not in unmentioned and name not in set(near)),
        strangers=tuple(name for name in (*near, *names) if name in unmentioned),
        factors=factors,
        far_factors=tuple(f for f in far if f not in set(factors)),
        terms=terms,
        contributions=_unique(contributions),
        coupled=coupled,
        far_terms=_unique((*(t for code in upstream for t in _operands(code, "+-")), parse("1"))),
        locals=_unique(f for code in (*formulas, *upstream) for f in _local(code)),
        indices=tuple(parse(name) for name in counted(sheet.program)),
        stated=_unique(_stated(sheet, formulas)),
        constants=_constants(sheet, (*formulas, *upstream)),
        sizes=tuple(parse(size.text) for size in sheet.expected(line)),
    )


def _normalises(sheet: Sheet, share: Share) -> bool:
    return sheet.program.steps[share.eq - 1].call.op.group == "normalisations"


def expected_codes(sheet: Sheet, share: Share) -> list[ast.Code]:
    """The tool's own formulas for a share, in the file's layout."""
    found = []
    for row in share.rows:
        step = sheet.program.steps[row.eq - 1]
        found.append(parse(row.contribution.formula(step, sheet.layout)))
    return found


def added(formulas: Sequence[ast.Code]) -> ast.Code:
    """The sum of some formulas."""
    found = formulas[0]
    for formula in formulas[1:]:
        found = (*found, *formula, edits.binary("+"))
    return found


def origin(sheet: Sheet, name: str) -> tuple[str, ast.Code]:
    """The variable whose derivative another one only hands on, and the formula of that one."""
    for _ in range(DEEPEST):
        shares = () if name in sheet.points.arriving else sheet.points.shares.get(name, ())
        if not shares or any(share.region is not None for share in shares):
            break
        code = added([code for share in shares for code in expected_codes(sheet, share)])
        if len(code) > 1:
            return name, code
        name = code[0][1]
    return name, parse("dL/d" + name)


def _unique(codes: Iterable[ast.Code]) -> tuple[ast.Code, ...]:
    return tuple(dict.fromkeys(plain(code) for code in codes))


def _names(sheet: Sheet, target: str, first: int, last: int) -> list[ast.Code]:
    """The model's quantities, and the derivatives known before the target's: the nearest first.

    A derivative is known before where its variable is computed in the target's equation or later.
    """
    steps = sheet.program.steps
    ranked = [(0, item.name) for item in sheet.program.inputs]
    base = split_name(target)[0]
    for number, step in enumerate(steps, 1):
        distance = min(abs(number - first), abs(number - last))
        ranked.append((distance, step.name))
        if number >= first and step.name != target:
            ranked.append((distance, "dL/d" + step.name))
        if split_name(step.name)[0] == base:
            ranked.append((0, step.name))
    ranked.sort(key=lambda item: item[0])
    return [
        parse(name) for _, name in ranked[: MOST_NAMES if len(ranked) > 2 * MOST_NAMES else None]
    ]


def _factors(code: ast.Code) -> list[ast.Code]:
    """The factors of products and quotients, the smallest first."""
    found = list(_operands(code, "*@/"))
    if code and code[-1][0] != "binary":
        found.append(code)
    return sorted(found, key=len)


def _local(code: ast.Code) -> list[ast.Code]:
    """What multiplies a derivative, as one factor: all of an activation's own derivative."""
    return [
        edit.code
        for edit in edits.drops(code, ())
        if edit.end - edit.start == 1 and code[edit.start][0] == "derivative"
    ]


def _far_factors(code: ast.Code) -> list[ast.Code]:
    """The factors of another step, each as it is and transposed."""
    found = _factors(code)
    plain_ones = [f for f in found if not any(operation == "derivative" for operation, _, _ in f)]
    turned = [
        f[:-1] if f[-1][0] == "transpose" else (*f, edits.TRANSPOSED)
        for f in plain_ones
        if f[-1][0] not in ("number", "call")
    ]
    return [*plain_ones, *_local(code), *turned, *found]


def strange(sheet: Sheet, leaf: ast.Code) -> bool:
    """Whether a name is the tool's own, and the person's file does not mention it."""
    name = spelled(leaf)
    if leaf[0][0] == "derivative":
        return name not in sheet.mentioned
    return name not in sheet.named and split_name(name)[0] not in sheet.words


def _operands(code: ast.Code, symbols: str) -> list[ast.Code]:
    begins = starts(code)
    found = []
    for i, (operation, argument, _) in enumerate(code):
        if operation == "binary" and argument in symbols:
            found += [code[a:b] for a, b in operands(code, begins, i)]
        elif operation == "call" and symbols == "*@/" and argument[0] in FUNCTIONS:
            found.append(code[begins[i] : i + 1])
    return found


def _upstream(sheet: Sheet, formulas: Iterable[ast.Code]) -> list[ast.Code]:
    """The formulas of the derivatives that formulas are made of, step by step further up."""
    found: list[ast.Code] = []
    level = list(formulas)
    seen: set[str] = set()
    for _ in range(DEEPEST):
        names = []
        for code in level:
            for a, b in edits.leaves(code):
                if code[a][0] == "derivative":
                    name = spelled(code[a:b])
                    if name not in seen:
                        seen.add(name)
                        names.append(name)
        level = []
        for name in names:
            for share in sheet.points.shares.get(name, ())[:8]:
                level += expected_codes(sheet, share)
        found += level
    return found


def spelled(leaf: ast.Code) -> str:
    """A leaf's code as the name of a quantity of the model."""
    indices = [argument for operation, argument, _ in leaf if operation == "number"]
    name: str = leaf[0][1]
    return name + (f"[{', '.join(indices)}]" if indices else "")


def _stated(sheet: Sheet, formulas: Iterable[ast.Code]) -> list[ast.Code]:
    """The numbers in some formulas."""
    found: list[ast.Code] = []
    dims = sheet.program.sizes.dims
    for code in formulas:
        begins = starts(code)
        closed = edits.bounds(code, begins)
        for i, (operation, argument, _) in enumerate(code):
            if i in closed:
                continue
            if operation == "number" or (operation == "name" and argument in dims):
                found.append(code[i : i + 1])
            elif operation == "call" and _sized(sheet, code[begins[i] : i + 1]):
                found.append(code[begins[i] : i + 1])
    return found


def _constants(sheet: Sheet, formulas: Iterable[ast.Code]) -> tuple[ast.Code, ...]:
    """Numbers that a factor may be: those of the formulas, small ones, sizes, loops' lengths."""
    found = _stated(sheet, formulas)
    dims = sheet.program.sizes.dims
    found.append(parse("2"))
    found += [parse(name) for name in dims]
    found += [parse(f"sqrt({name})") for name in dims]
    found += [parse(text) for text in ("3", "4")]
    found += [parse(f"{a} * {b}") for a in dims for b in dims if a < b] if len(dims) < 5 else []
    trips = {len(loop.iterations) for loop in sheet.program.loops if loop.iterations}
    found += [parse(str(n)) for n in sorted(trips)]
    return _unique(found)


def _sized(sheet: Sheet, code: ast.Code) -> bool:
    """Whether code is computed from sizes and numbers alone: sqrt(D)."""
    try:
        return isinstance(sheet.lower(code, ()).result, Number)
    except (GradError, Poisoned):
        return False
