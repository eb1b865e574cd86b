"""Gradients recomputed by another library, from the forward pass that gradcli writes for it.

The library differentiates the generated code by its own means; nothing of gradcli's rules is in it.
"""

from __future__ import annotations

import ast
import importlib
import math
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from gradcli.check.gradients.checker import Checker, Clock, Progress
from gradcli.check.gradients.numeric import Options
from gradcli.check.gradients.resting import weights
from gradcli.check.gradients.result import Report
from gradcli.check.gradients.surrogates import cut
from gradcli.codegen.module import Writer
from gradcli.errors import GradError
from gradcli.ops.core import Array
from gradcli.ops.exponential import expm
from gradcli.ops.gamma import digamma, lgamma, polygamma
from gradcli.ops.gather import index
from gradcli.ops.regions import scatter
from gradcli.ops.special import erf, erfc
from gradcli.session import Session

Forward: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, Any]]
Arrays: TypeAlias = dict[str, Array]


def check_oracle(session: Session, library: str, options: Options, progress: Progress) -> Report:
    """The session's gradients against a library's. Raises GradError where it has none."""
    roles = {item.name for item in session.program.inputs}
    names = [name for name in session.derivation.wrt if name in roles]
    expected = library_gradients(session, library, names)
    entries = sum(expected[name].size for name in names)
    clock = Clock(options.budget, entries, progress, len(names))
    checker = Checker(session, options.method, clock, options.seed)
    return Report(
        session.program.source.name,
        session.derivation.layout,
        library,
        tuple(checker.result(name, expected=expected[name]) for name in names),
    )


def library_gradients(session: Session, library: str, names: list[str]) -> Arrays:
    """Gradients in the variables' own shapes, by a library. Raises GradError."""
    try:
        backend = LIBRARIES[library]
        importlib.import_module(library)
    except ImportError:
        hint = f"pip install 'gradcli[{library}]'"
        raise GradError(
            f"--oracle {library}: {library} is not installed", hint=hint, kind="missing-library"
        ) from None
    try:
        # What a library warns of is no business of a person who asked for a verdict.
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = backend(cut(session), names)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise GradError(
            f"{library} can't differentiate this model: {reason}", kind="missing-library"
        ) from error
    for name, value in found.items():
        if value.shape != session.inputs[name].shape:
            own, its = ("×".join(map(str, a.shape)) for a in (session.inputs[name], value))
            raise GradError(
                f"{library} is at fault: {name} is {own}, and its gradient by {library} {its}",
                kind="missing-library",
            )
    return found


def forward_code(session: Session, numpy: Any, own: Mapping[Any, Callable[..., Any]]) -> Forward:
    """The generated forward pass, with a library's NumPy in it.

    own: the library's functions that stand for those of gradcli.
    """
    own = {**own, scatter: partial(_scattered, numpy)}
    writer = Writer(session, {function: function.__name__ for function in own})
    text = "\n".join([*writer.helpers.texts, *writer.forward()])
    scope: dict[str, Any] = {"np": numpy, "math": math}
    scope |= {function.__name__: its for function, its in own.items()}
    tree = ast.fix_missing_locations(_Plain().visit(ast.parse(text)))
    exec(compile(tree, f"<forward pass of {session.program.source.name}>", "exec"), scope)  # noqa: S102
    forward: Forward = scope["forward"]
    return forward


def _scattered(numpy: Any, *xs: Any, slices: Any, ranks: Any, shape: Any) -> Any:
    """`scatter` with nothing written in place, which libraries can't follow: each operand with
    zeros around it.
    """
    total = numpy.zeros(shape)
    for x, region in zip(xs, slices, strict=True):
        widths = [len(range(part.start, part.stop, part.step or 1)) for part in region]
        found = x.reshape(tuple(widths))
        for axis, part in enumerate(region):
            if part.step and widths[axis] > 1:
                found = _spaced(numpy, found, axis, part.step)
                widths[axis] = part.stop - part.start
            sides = [part.start, shape[axis] - part.stop]
            before, after = (
                numpy.zeros((*shape[:axis], width, *widths[axis + 1 :])) for width in sides
            )
            found = numpy.concatenate((before, found, after), axis=axis)
        total = total + found
    return total


def _spaced(numpy: Any, x: Any, axis: int, step: int) -> Any:
    """An array with zeros between its entries along an axis, so many apart."""
    shape = x.shape
    gaps = numpy.zeros((*shape[: axis + 1], step - 1, *shape[axis + 1 :]))
    wide = numpy.concatenate(
        (x.reshape((*shape[: axis + 1], 1, *shape[axis + 1 :])), gaps), axis + 1
    )
    wide = wide.reshape((*shape[:axis], shape[axis] * step, *shape[axis + 1 :]))
    ends: Any = (*[slice(None)] * axis, slice(0, shape[axis] * step - step + 1))
    return wide[ends]


class _Plain(ast.NodeTransformer):
    """Real arrays, as libraries want them: np.real(x) for x.real, x for np.asarray(x) and +x."""

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return node.operand if isinstance(node.op, ast.UAdd) else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr != "real":
            return node
        return ast.Call(ast.parse("np.real", mode="eval").body, [node.value], [])

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if ast.unparse(node.func) == "np.asarray" and not node.keywords:
            return node.args[0]
        return node


def objective(
    session: Session,
    values: Mapping[str, Any],
    total: Callable[..., Any],
    array: Callable[..., Any] = np.asarray,
) -> Any:
    """The outputs by their weights, added up; `total` and `array` are the library's."""
    parts = [total(values[name] * array(weight)) for name, weight in weights(session).items()]
    return sum(parts[1:], parts[0])


# ── the libraries ──


def _autograd(session: Session, names: list[str]) -> Arrays:
    import autograd
    import autograd.numpy as anp
    from autograd.extend import defvjp, primitive

    special = primitive(erf)
    defvjp(special, lambda y, x: lambda g: g * 2 / math.sqrt(math.pi) * anp.exp(-x * x))
    forward = forward_code(session, _AutogradNumpy(anp), {erf: special})

    def gradient(name: str) -> Array:
        def of(value: Any) -> Any:
            return objective(session, forward({**session.inputs, name: value}), anp.sum)

        return np.asarray(autograd.grad(of)(session.inputs[name]))

    return {name: gradient(name) for name in names}


class _AutogradNumpy:
    """autograd's NumPy, and what it lacks: traces, diagonals, turns, entries by their places."""

    def __init__(self, numpy: Any) -> None:
        self.numpy = numpy

    def __getattr__(self, name: str) -> Any:
        return getattr(self.numpy, name)

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        """Autograd does not undo what `where` stretches; addition's rule does."""
        shape = self.numpy.broadcast_shapes(*map(self.numpy.shape, (condition, x, y)))
        nothing = np.zeros(shape)
        return self.numpy.where(condition, x + nothing, y + nothing)

    def trace(self, x: Any, **axes: int) -> Any:
        return self.numpy.sum(self.diagonal(x), axis=-1)

    def flip(self, x: Any, axis: int) -> Any:
        return self.numpy.moveaxis(self.numpy.moveaxis(x, axis, 0)[::-1], 0, axis)

    def take_along_axis(self, x: Any, places: Any, axis: int) -> Any:
        """As products with rows of an identity, which autograd can differentiate."""
        moved, chosen = self.numpy.moveaxis(x, axis, -1), np.moveaxis(places, axis, -1)
        rows = np.eye(x.shape[axis])[chosen]
        return self.numpy.moveaxis(self.numpy.sum(rows * moved[..., None, :], -1), -1, axis)

    def diagonal(self, x: Any, **axes: int) -> Any:
        return self.numpy.sum(x * self.numpy.eye(x.shape[-1]), axis=-1)


def _jax(session: Session, names: list[str]) -> Arrays:
    import jax

    jax.config.update("jax_enable_x64", True)
    special = jax.scipy.special
    own = {
        erf: special.erf,
        erfc: special.erfc,
        lgamma: special.gammaln,
        digamma: special.digamma,
        polygamma: lambda x, order: special.polygamma(order, x),
        index: lambda x: jax.numpy.rint(x).astype(int),
        expm: jax.scipy.linalg.expm,
    }
    forward = forward_code(session, jax.numpy, own)

    def of(some: dict[str, Any]) -> Any:
        return objective(session, forward({**session.inputs, **some}), jax.numpy.sum)

    found = jax.grad(of)({name: jax.numpy.asarray(session.inputs[name]) for name in names})
    return {name: np.asarray(found[name]) for name in names}


def _torch(session: Session, names: list[str]) -> Arrays:
    import torch

    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # of masks too, which the generated code multiplies
    try:
        return _torch_gradients(session, names)
    finally:
        torch.set_default_dtype(usual)


def _torch_gradients(session: Session, names: list[str]) -> Arrays:
    import torch

    from gradcli.check.gradients.torch_numpy import TorchNumpy

    numpy = TorchNumpy()
    inputs = {name: torch.tensor(value) for name, value in session.inputs.items()}
    for name in names:
        inputs[name].requires_grad_()
    own = {
        erf: torch.erf,
        erfc: torch.erfc,
        lgamma: torch.lgamma,
        digamma: torch.digamma,
        polygamma: lambda x, order: torch.polygamma(order, x),
        index: lambda x: torch.round(x).to(torch.int64),
        expm: torch.linalg.matrix_exp,
    }
    values = forward_code(session, numpy, own)(inputs)
    tensors = {name: numpy.tensor(value) for name, value in values.items()}
    total = objective(session, tensors, lambda parts: parts.sum(), numpy.tensor)
    found: Any = [None] * len(names)
    if total.requires_grad:  # torch refuses what depends on none of them
        wanted = [inputs[name] for name in names]
        found = torch.autograd.grad(total, wanted, allow_unused=True)
    return {
        name: np.zeros(session.inputs[name].shape) if value is None else value.numpy()
        for name, value in zip(names, found, strict=True)
    }


LIBRARIES: dict[str, Callable[[Session, list[str]], Arrays]] = {
    "torch": _torch,
    "jax": _jax,
    "autograd": _autograd,
}
