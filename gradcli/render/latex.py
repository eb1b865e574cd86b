"""Mathematics in LaTeX: names, numbers, expressions, equations, derivatives."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from typing import Any

from gradcli.ops import FUNCTIONS, OPERATORS, TABLE, Op
from gradcli.ops.attributes import ATTRIBUTES
from gradcli.ops.attributes.kind import Markup
from gradcli.ops.core import BARE
from gradcli.program import Operand, Step
from gradcli.render.notation import Notation
from gradcli.sizes import ATOM, POWER, PRODUCT, Form, Number, Size, is_scalar
from gradcli.spelling import Written
from gradcli.syntax import read, read_source
from gradcli.template import Node
from gradcli.transform.letters import Lettered, attributes, lettered
from gradcli.transform.reify import OWN, Row
from gradcli.transform.reverse import Derivation, region_text
from gradcli.transform.vjp import At, Derived, Known

ROW_END = r" \\ "
JOIN = re.compile(r"\{(,|\\\\)\}")
SCRIPT = re.compile(r"(?<!\\)[_^]")
LETTERS = re.compile(r"[^\W\d]\w*")
NUMERAL = re.compile(r"(-?[\d.]+)(?:e([+-]?\d+))?")
ACCENTS = ("hat", "tilde", "bar", "dot", "vec")
GREEK = frozenset({
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda",
    "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
    "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega",
})  # fmt: skip


def target(derivation: Derivation, row: Row, notation: Notation) -> str:
    """What a row states: a derivative, a region of one, or a name of the rule's own."""
    if row.operand == OWN:
        return name(row.target)
    found = gradient(row.target, notation)
    if (at := row.contribution.at) is not None:
        return _bracketed(found) + _rows(
            at, derivation.layout, partial(derivation.leaf, row), notation
        )
    region = derivation.target(row)[len(row.target) :]
    return _bracketed(found) + _region(region) if region else found


def equation(step: Step) -> str:
    """What a forward step computes."""
    return _equation(step, step.call.attrs)


def lettered_equation(step: Step) -> tuple[str, str]:
    """A forward step with letters for indices: its name, and what it computes."""
    shown = lettered(step)
    return name(shown.name), _equation(shown, attributes(step))


def _equation(step: Step, attrs: Iterable[tuple[str, Any]]) -> str:
    scalar = any(is_scalar(shape) for shape in step.call.signature.shapes)
    return write(step.call.op, attrs, [_operand(arg) for arg in step.args], scalar)[0]


def _operand(arg: Operand) -> Written:
    return number(arg) if isinstance(arg, Number) else (name(arg), ATOM)


def formula(derivation: Derivation, row: Row, notation: Notation) -> str:
    """A backward step's formula in the derivation's layout."""
    found, precedence = _nodes(
        row.contribution.listed[derivation.layout],
        lambda key: derivation.leaf(row, key),
        notation,
    )
    for run in row.over:
        body = found if precedence >= PRODUCT else _bracketed(found)
        first, last = (_size_text(text) for text in (run.first, run.last))
        found = rf"\sum_{{{name(run.variable)} = {first}}}^{{{last}}} {body}"
        precedence = PRODUCT
    return found


def lettered_target(line: Lettered, layout: str, notation: Notation) -> str:
    """What a backward step states, with letters for indices."""
    if line.row.operand == OWN:
        return name(line.target)
    found = gradient(line.target, notation)
    if (at := line.contribution.at) is not None:
        return _bracketed(found) + _rows(at, layout, line.leaf, notation)
    return _bracketed(found) + _region(line.region) if line.region else found


def lettered_formula(line: Lettered, layout: str, notation: Notation) -> str:
    """A backward step's formula, with letters for indices."""
    found = print_nodes(line.contribution.listed[layout], line.leaf, notation)
    if not line.piece:
        return found
    return found.removesuffix(_region(region_text(line.row.contribution.piece, layout))) + _region(
        line.piece
    )


def _rows(
    at: At, layout: str, leaf: Callable[[Any], Known | Derived | Number], notation: Notation
) -> str:
    """An index in brackets, at whose rows something is added."""
    return f"[{'{:}, ' * at.axes[layout]}{print_nodes(at.nodes[layout], leaf, notation)}]"


def _region(text: str) -> str:
    """A region in brackets, whose colons are no relations."""
    return text.replace(":", "{:}")


def print_nodes(
    nodes: Sequence[Node],
    leaf: Callable[[Any], Known | Derived | Number],
    notation: Notation,
) -> str:
    """The nodes' text; `leaf` says what their leaves stand for."""
    return _nodes(nodes, leaf, notation)[0]


def _nodes(
    nodes: Sequence[Node],
    leaf: Callable[[Any], Known | Derived | Number],
    notation: Notation,
) -> Written:
    """The nodes' text, and how tightly it binds."""
    texts: list[Written] = []
    for node in nodes:
        if node.call is not None:
            scalar = any(is_scalar(nodes[i].shape) for i in node.args)
            operands = [texts[i] for i in node.args]
            texts.append(write(node.call.op, node.call.attrs, operands, scalar))
            continue
        found = leaf(node.key)
        if isinstance(found, Number):
            texts.append(number(found))
        elif isinstance(found, Derived) and not found.own:
            texts.append((gradient(found.name, notation), notation.binding))
        else:
            texts.append((name(found.name), ATOM))
    return texts[-1]


def _size_text(text: str) -> str:
    """A size as it is written in the language, T-N, in LaTeX."""
    return LETTERS.sub(lambda found: name(found[0]), text).replace("*", r" \cdot ")


# ── operations ──


def write(
    op: Op, attrs: Iterable[tuple[str, Any]], operands: Sequence[Written], scalar: bool = False
) -> Written:
    """An operation on written operands; `scalar` where one of them is."""
    found = dict(attrs)
    spelling = op.latex_scalar if scalar and op.latex_scalar else op.latex
    template, binding, needs = spelling(found) if callable(spelling) else spelling
    texts = [
        text if _fits(text, precedence, need) else _bracketed(text)
        for (text, precedence), need in zip(operands, needs or (0,) * len(operands), strict=True)
    ]
    named = {
        key: ATTRIBUTES[key].latex(value, op.keywords.get(key), MARKUP)
        for key, value in found.items()
    }
    foot = ", ".join(filter(None, (named.get(key) for key in op.keywords)))
    named["keywords"] = f"_{{{foot}}}" if foot else ""
    joint = JOIN.search(template)
    if joint:
        template = JOIN.sub("{joined}", template)
        separator = ", " if joint[1] == "," else ROW_END
        named["joined"] = separator.join(text for text, _ in operands)
    return template.format(*texts, **named), binding


def _fits(text: str, precedence: int, need: int) -> bool:
    return precedence >= need or (need == BARE and precedence == ATOM and not SCRIPT.search(text))


def _bracketed(text: str) -> str:
    return rf"\left({text}\right)"


def _entry(value: float | Form) -> str:
    """An entry of a literal; in a loop with its letters."""
    if isinstance(value, (float, int)):
        return numeral(f"{value:.15g}")
    return expression(value.text)[0]


def _size(size: Size | Form) -> str:
    text = expression(size.text)[0]
    return text if size.precedence >= PRODUCT else rf"\left({text}\right)"


MARKUP = Markup(_size, _entry)


# ── numbers and names ──


def number(value: Number) -> Written:
    return expression(value.text)


def numeral(text: str) -> str:
    """1e-5 is 10^{-5}."""
    found = NUMERAL.fullmatch(text)
    if found is None or found[2] is None:
        return text
    power = f"10^{{{int(found[2])}}}"
    ones = {"1": power, "-1": f"-{power}"}
    return ones.get(found[1]) or rf"{found[1]} \cdot {power}"


@lru_cache(maxsize=4096)
def expression(text: str) -> Written:
    """A number as it is written in the language: 2*H, sqrt(D), t - 1."""
    if NUMERAL.fullmatch(text):
        return numeral(text), POWER if text.startswith("-") or "e" in text else ATOM
    code = read(read_source("", f"x = {text}\n".encode())).statements[0].value
    stack: list[Written] = []
    for operation, argument, _ in code:
        if operation == "number":
            stack.append(expression(argument))
        elif operation == "name":
            stack.append((name(argument), ATOM))
        else:
            count = {"binary": 2, "unary": 1}.get(operation) or len(argument[1])
            op = (
                FUNCTIONS[argument[0]] if operation == "call" else TABLE[OPERATORS[argument, count]]
            )
            operands = stack[-count:]
            del stack[-count:]
            stack.append(write(op, (), operands, scalar=True))
    return stack[-1]


def gradient(of: str, notation: Notation) -> str:
    """The derivative by a name."""
    return notation.latex(name(of))


@lru_cache(maxsize=4096)
def name(text: str) -> str:
    """A name: W_fc is W_{fc}, z25 is z_{25}, h[t-1] is h_{t-1}, X_hat is X with a hat."""
    base, _, indices = text.removesuffix("]").partition("[")
    stem, *rest = base.split("_")
    if not stem or "" in rest:
        stem, rest = base, []
    found = re.fullmatch(r"(.*?)([0-9]*)", stem)
    assert found is not None
    shown = _symbol(found[1])
    if rest and rest[-1] in ACCENTS:
        shown = rf"\{rest.pop()}{{{shown}}}"
    found_at = indices.replace(" ", "").replace("*", r" \cdot ").split(",")
    below = [found[2], *map(_subscript, rest), *found_at]
    text = ",".join(filter(None, below))
    return f"{shown}_{{{text}}}" if text else shown


def _symbol(word: str) -> str:
    if len(word) == 1 or word in GREEK:
        return _letters(word)
    if not word.isascii():
        return f"{{{_letters(word)}}}"
    return rf"\mathit{{{_escaped(word)}}}"


def _subscript(word: str) -> str:
    return _letters(word) if word in GREEK or not word.isascii() else word


def _letters(word: str) -> str:
    if word in GREEK:
        return f"\\{word}"
    return "".join(_letter(c) for c in word).rstrip()


def _letter(c: str) -> str:
    """A letter; a Greek one by its name."""
    if c.isascii():
        return _escaped(c)
    _, _, spoken = unicodedata.name(c, "").partition("GREEK ")
    kind, _, letter = spoken.partition(" LETTER ")
    letter = letter.lower().replace("lamda", "lambda").replace("final sigma", "varsigma")
    if kind == "CAPITAL":
        letter = letter.capitalize()
    return f"\\{letter} " if letter in {*GREEK, "varsigma"} else rf"\text{{{c}}}"


def _escaped(text: str) -> str:
    return text.replace("_", r"\_")
