"""The table's forward functions as source text that needs NumPy alone."""

from __future__ import annotations

import ast
import builtins
import inspect
import io
import math
import re
import tokenize
import types
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

Definition: TypeAlias = ast.FunctionDef | ast.Lambda
MODULES = {"np": np, "math": math}


class Helpers:
    """Collects the functions that generated code calls, each once, with all that they need.

    known: functions that are there already, with their names. private: whether the names of all
    others begin with an underscore, so that no variable hides one.
    """

    def __init__(self, known: Mapping[Any, str] | None = None, private: bool = False) -> None:
        known = known or {}
        self.private = private
        self.texts: list[str] = []
        self.taken: set[str] = {*MODULES, *known.values()}  # names
        self._names: dict[int, str] = {id(function): name for function, name in known.items()}
        self._kept: list[Any] = list(known)  # keeps what `_names` knows by id alive

    def name(self, function: Callable[..., Any], wanted: str) -> str:
        """How generated code calls a function: np.tanh, or a helper of the wanted name."""
        found = _of_numpy(function)
        if found is not None:
            return found
        if id(function) not in self._names:
            name = self._fresh(wanted)
            self._names[id(function)] = name
            self._kept.append(function)
            self.texts.append(self._source(function, name))
        return self._names[id(function)]

    def _fresh(self, wanted: str) -> str:
        name = wanted if wanted.isidentifier() else "helper"
        name = f"_{name.lstrip('_')}" if self.private else name
        while name in self.taken or name in dir(builtins):
            name += "_"
        self.taken.add(name)
        return name

    def _source(self, function: Any, name: str) -> str:
        tree = _as_def(_definition(function), name)
        scope = _free_values(function, tree)
        tree = _Flat({k: v for k, v in scope.items() if _own_module(v)}, scope).visit(tree)
        names = {
            key: self._reference(value, key if len(key) > 1 else f"{name}_{key}", function)
            for key, value in scope.items()
            if not _own_module(value)
        }
        own = _own_names(tree)
        names = {key: self._apart(value, own) for key, value in names.items()}
        tree = ast.fix_missing_locations(_Renamed(names).visit(tree))
        return _quoted(_bare(_spaced(ast.unparse(tree)))) + "\n"

    def _apart(self, reference: ast.expr, own: set[str]) -> ast.expr:
        """A reference that no name of a function's own hides: a second name where one does."""
        if not isinstance(reference, ast.Name) or reference.id not in own:
            return reference
        name = self._fresh(reference.id)
        while name in own:
            name = self._fresh(name)
        self.texts.append(f"{name} = {reference.id}\n")
        return ast.Name(name, ast.Load())

    def _reference(self, value: Any, key: str, user: Any) -> ast.expr:
        """What a free name of a function becomes."""
        for name, module in MODULES.items():
            if value is module:
                return ast.Name(name, ast.Load())
        if isinstance(value, bool | int | float | str | tuple | None):
            return ast.parse(repr(value), mode="eval").body
        if isinstance(value, types.FunctionType):
            return ast.Name(self.name(value, key.lstrip("_")), ast.Load())
        if (found := _of_numpy(value)) is not None:
            return ast.parse(found, mode="eval").body
        return ast.Name(self._assigned(value, key, user), ast.Load())

    def _assigned(self, value: Any, key: str, user: Any) -> str:
        """A value that its module assigns to a name: the assignment is repeated."""
        if id(value) not in self._names:
            for node in _module(inspect.getsourcefile(user) or "").body:
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == key:
                    name = self._fresh(key.lstrip("_"))
                    self._names[id(value)] = name
                    self._kept.append(value)
                    self.texts.append(f"{name} = {ast.unparse(node.value)}\n")
        return self._names[id(value)]


def _quoted(text: str) -> str:
    """Strings in the quotes that formatters prefer."""
    lines = text.split("\n")
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(text).readline))):
        (row, start), (_, end) = token.start, token.end
        inner = token.string[1:-1]
        if token.type == tokenize.STRING and token.string == f"'{inner}'" and '"' not in inner:
            line = lines[row - 1]
            lines[row - 1] = f'{line[:start]}"{inner}"{line[end:]}'
    return "\n".join(lines)


def _bare(text: str) -> str:
    """Calls of one generator without brackets of its own."""
    start = text.find("((")
    while start >= 0:
        depth, end = 1, start + 2
        while depth and end < len(text):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        inner = text[start + 2 : end - 1]
        called = start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_])")
        if called and text[end : end + 1] == ")" and " for " in inner and "lambda" not in inner:
            tree = ast.parse(f"({inner})", mode="eval").body
            if isinstance(tree, ast.GeneratorExp):
                text = text[: start + 1] + inner + text[end:]
        start = text.find("((", start + 1)
    return text


def _spaced(text: str) -> str:
    """Slices whose ends are more than names, as formatters have them."""
    text = re.sub(r"\[:(?=[^\]:,]* [-+*] |\w+\()", "[: ", text)
    return re.sub(r"(\[[^\[\]:,]* [-+*] [^\[\]:,]*):(?=\])", r"\1 :", text)


class _Renamed(ast.NodeTransformer):
    """Puts what free names stand for in their places."""

    def __init__(self, names: dict[str, ast.expr]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.names.get(node.id, node) if isinstance(node.ctx, ast.Load) else node


class _Flat(ast.NodeTransformer):
    """Replaces a function of another module, special.erf, by a free name of its own."""

    def __init__(self, modules: dict[str, Any], scope: dict[str, Any]) -> None:
        self.modules = modules
        self.scope = scope

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        if not isinstance(node.value, ast.Name) or node.value.id not in self.modules:
            return node
        self.scope[node.attr] = getattr(self.modules[node.value.id], node.attr)
        return ast.copy_location(ast.Name(node.attr, ast.Load()), node)


def _own_module(value: Any) -> bool:
    return isinstance(value, types.ModuleType) and value not in MODULES.values()


@cache
def _module(path: str) -> ast.Module:
    return ast.parse(Path(path).read_text(encoding="utf-8"))


def _of_numpy(value: Any) -> str | None:
    """np.tanh for NumPy's own functions, None for others."""
    name = getattr(value, "__name__", "")
    for prefix, module in (("np", np), ("np.linalg", np.linalg)):
        if name and getattr(module, name, None) is value:
            return f"{prefix}.{name}"
    return None


def numpys_own(function: Any) -> str | None:
    """The name that a function of NumPy's has there: tanh, linalg.inv. None for others."""
    found = _of_numpy(function)
    return found and found.removeprefix("np.")


def _definition(function: types.FunctionType) -> Definition:
    """Where a function stands in its module's source."""
    code = function.__code__
    tree = _module(code.co_filename)
    found: list[Definition] = []
    places = [p for p in code.co_positions() if p[0] is not None and p[2] is not None]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            if node.lineno == code.co_firstlineno:
                return node
        elif isinstance(node, ast.Lambda) and code.co_name == "<lambda>":
            body = node.body
            start, end = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
            inside = [p for p in places if start <= (p[0], p[2]) and (p[1], p[3]) <= end]
            if node.lineno == code.co_firstlineno and inside:
                found.append(node)
    return max(found, key=lambda node: node.col_offset)


def _as_def(node: Definition, name: str) -> ast.FunctionDef:
    """A definition under a name, without types."""
    text = ast.unparse(node)
    if isinstance(node, ast.Lambda):
        text = f"def {name}({ast.unparse(node.args)}):\n    return {ast.unparse(node.body)}"
    tree = _Untyped().visit(ast.parse(text).body[0])
    assert isinstance(tree, ast.FunctionDef)
    tree.name = name
    return tree


class _Untyped(ast.NodeTransformer):
    """Leaves the types out."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        node.returns = None
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.Assign | None:
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], node.value), node)


def _free_values(function: types.FunctionType, tree: ast.FunctionDef) -> dict[str, Any]:
    """The values of the names that a function takes from outside."""
    cells = function.__closure__ or ()
    values = (cell.cell_contents for cell in cells)
    outside = dict(zip(function.__code__.co_freevars, values, strict=True))
    known = {**function.__globals__, **outside}
    own = _own_names(tree)
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return {name: known[name] for name in names if name not in own and name in known}


def _own_names(tree: ast.FunctionDef) -> set[str]:
    """The arguments and local names of a function."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    own = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return own | {node.id for node in names if isinstance(node.ctx, ast.Store)}
