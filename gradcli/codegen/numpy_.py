"""Operations as straight-line NumPy, and the names that stand in it."""

from __future__ import annotations

import builtins
import keyword
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from gradcli.interpret import interpret, leaves
from gradcli.ops.core import Op
from gradcli.program import Step
from gradcli.sizes import ATOM, SIGN, Number
from gradcli.spelling import Written, fill


class Names:
    """Python identifiers for a model's names: h[1, 2] is h_1_2. No two names share one."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._taken = {*reserved, *keyword.kwlist, *dir(builtins)}
        self._known: dict[str, str] = {}

    def __call__(self, name: str, shown: str | None = None) -> str:
        """The identifier of a name, made from what is shown of it."""
        if name not in self._known:
            text = "".join(c if c.isalnum() or c == "_" else " " for c in shown or name)
            text = unicodedata.normalize("NFKC", "_".join(text.split()))
            if not text.isidentifier():
                text = "v_" + "".join(c for c in text if c.isalnum() and c.isascii())
            while text in self._taken:
                text += "_"
            self._taken.add(text)
            self._known[name] = text
        return self._known[name]


def function_name(op: Op) -> str:
    """The name of an operation's forward function in generated code."""
    return f"{op.name}_" if op.name in dir(builtins) or keyword.iskeyword(op.name) else op.name


def constant(number: Number) -> Written:
    text = repr(float(number.value))
    if text.lstrip("-") in ("inf", "nan"):
        text = text.replace("inf", "np.inf").replace("nan", "np.nan")
    return text, SIGN if text.startswith("-") else ATOM


def array(number: Number) -> Written:
    """A plain number where an array is needed: a matrix of one entry."""
    return f"np.array([[{constant(number)[0]}]])", ATOM


def expression(
    op: Op,
    static: Mapping[str, Any],
    operands: Sequence[Written | Number],
    infix: Callable[[Op], bool] = lambda op: True,
    name: Callable[[Op], str] = function_name,
) -> Written:
    """An operation in NumPy: with an operator where it has one, else by its forward function.

    infix: whether the operator may be used. name: what the forward function is called.
    """
    if op.numpy is not None and infix(op):
        # Beside an array, an elementwise operator takes a number as it is.
        beside = op.elementwise and not all(isinstance(o, Number) for o in operands)
        number = constant if beside else array
        texts = [number(o) if isinstance(o, Number) else o for o in operands]
        return fill(op.numpy, {}, texts, "({})")
    arguments = [(array(o) if isinstance(o, Number) else o)[0] for o in operands]
    arguments += [f"{key}={value!r}" for key, value in static.items()]
    return f"{name(op)}({', '.join(arguments)})", ATOM


def _batched_operator(op: Op) -> bool:
    """Whether an operation's operator may stand for its forward function on any numbers.

    A comparison of complex numbers looks at the imaginary part too; and what is no broadcasting
    operation does not know the leading axis.
    """
    return op.lifts and op.branches is None


def moved_lines(
    steps: Sequence[Step],
    moved: str,
    outputs: Sequence[str],
    names: Names,
    signatures: bool,
) -> list[str]:
    """A function from values of `moved` on a leading axis to the outputs that depend on it.

    Whatever does not depend on it is a global. With `signatures`, the function also returns the
    branch signature of each step that has one.
    """
    lines = [f"def run({names(moved)}):\n"]
    varying = {moved, *(step.name for step in steps)}
    found: list[str] = []

    def line(step: Step, operands: list[Written | Number]) -> Written | Number:
        call = step.call
        for k, missing in enumerate(call.missing_axes()):
            if missing and step.args[k] in varying:
                operands[k] = (
                    f"{names(str(step.args[k]))}[(slice(None), {'None, ' * missing})]",
                    ATOM,
                )
        if signatures and call.op.branches:
            text = expression(call.op, call.static, operands, lambda op: False)[0]
            found.append(f"signature_{len(found)}")
            lines.append(f"    {found[-1]} = branches_{text}\n")
        text = expression(call.op, call.static, operands, _batched_operator)[0]
        lines.append(f"    {names(step.name)} = {text}\n")
        return names(step.name), ATOM

    texts: dict[str, Written | Number] = {
        name: (names(name), ATOM) for name in {moved, *leaves(steps)}
    }
    interpret(steps, texts, line, lambda number: number)
    lines.append(f"    return [{', '.join(map(names, outputs))}], [{', '.join(found)}]\n")
    return lines
