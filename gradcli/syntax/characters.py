"""What is said of a character that begins no word."""

from __future__ import annotations

import re
import unicodedata

from gradcli.errors import GradError, Source, Span

HINTS = {
    "'": "a transpose is written x.T, and names have no prime",
    "′": "a derivative is written dL/dx, a transpose x.T",
    "·": "the products are `@` (matrix) and `*` (elementwise)",
    "×": "the products are `@` (matrix) and `*` (elementwise)",
    "•": "the products are `@` (matrix) and `*` (elementwise)",
    "−": "this is a typographic minus; write -",
    "–": "this is a dash; write -",
    "—": "this is a dash; write -",
    "²": "write x^2",
    "³": "write x^3",
    "½": "write 1/2",
    "÷": "write /",
    "Σ": "write sum(…)",
    "∑": "write sum(…)",
    "∏": "write prod(…)",
    "√": "write sqrt(…)",
    "∂": "a derivative is written dL/dx",
    "∇": "a derivative is written dL/dx",
    "→": "an equation is written name = expression",
    "←": "an equation is written name = expression",
    "≔": "an equation is written name = expression",
    "∈": "a range is written for t in 1..T",
    "…": "a range is written 1..T, with two points",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
    "≈": "`==` compares",
    "∞": "there is no infinity here; write a large number",
    "&": "multiply two masks for `and`",
    "|": "use maximum of two masks for `or`; the absolute value is abs(x)",
    ".": "a transpose is x.T, a range 1..T",
    "!": "`!=` compares; the factorial is not an operation here",
    "%": "there is no remainder here; a comment begins with #",
    "\\": "brackets carry a statement over a line end, with no backslash",
    "{": "there are no braces: a block is indented, an index stands in [ ]",
    "}": "there are no braces: a block is indented, an index stands in [ ]",
    '"': "a text ends on its own line with a second quote",
    "“": 'a text stands between straight quotes, "like this"',
    "”": 'a text stands between straight quotes, "like this"',
    "‘": 'a text stands between straight quotes, "like this"',
    "’": "a transpose is written x.T",
    "`": "a name stands without quotes",
    "$": "there is no LaTeX here: a name is letters, digits and _",
    "?": "where(condition, a, b) chooses entry by entry",
}


MODULES = r"\b(?:np|numpy|jnp|torch|tf|math|F|nn|jax|scipy|linalg)"
# What stands before a character and after it, where that tells more than the character.
NEAR = (
    (MODULES, r"\.(?:[a-z]+\.)*([^\W\d]\w*)(?=\()", "functions have no module: {0}(x)"),
    (MODULES, r"\.pi\b", "write pi"),
    (MODULES, r"\.\w", "functions have no module: exp(x)"),
    (r"", r"\.([*/^])", "`{0}` goes entry by entry without a point"),
    (r"\bfile\(\s*\w+", r"\.", 'a file\'s name stands in quotes: file("w.npy")'),
    (r"[\w)\]]", r"\.t\b", "a transpose is written x.T"),
    (r"[\w)\]]", r"\.mT\b", "permute(x, (0, 2, 1)) swaps the last two axes; of a matrix x.T does"),
    (r"[\w)\]]", r"\.([^\W\d]\w*)\(", "a function stands before its argument: {0}(x)"),
    (r"[\w)\]]", r"\.(?:shape|size)\b", "a size is known by its dim's name"),
    (r"[\w)\]]", r"\.[^\W\d]", "there are no attributes; a transpose is written x.T"),
    (r"\^", "⊤", "a transpose is written x.T"),
    (r"", r"⊤", "a transpose is written x.T"),
    (r"", r"⁻¹", "of a matrix inv(A), entry by entry x^-1"),
    (r"", r"‖", "write norm(x)"),
    (r"[\w)\]]\s*", r"\\\s*[\w(\[]", "write solve(A, b)"),
    (r"\.\.", r"\.", "a range has two points: 1..T"),
    (r"\d", r"\.", "a number has a digit after its point: 5.0"),
    (r"", r"\.\d", "a number has a digit before its point: 0.5"),
    (r"", r"\\[A-Za-z]", "there is no LaTeX here: write tanh(x), and a Greek letter as itself"),
)


def bad_character(source: Source, at: int) -> GradError:
    c = source.text[at]
    if c == '"':
        return GradError(
            "this text does not end",
            Span(source, at, at + 1),
            "it ends in its line with a second quote",
            kind="unexpected-character",
        )
    shown = c if c.isprintable() else f"U+{ord(c):04X}"
    named = "" if c.isascii() else f" ({unicodedata.name(c, 'unnamed').lower()})"
    hint = _hint(source.text[max(0, at - 20) : at], source.text[at : at + 40])
    plain = unicodedata.normalize("NFKC", c)
    if hint is None and plain.isascii() and not c.isdigit():
        hint = "write a plain space" if plain == " " else f"write {plain}"
    if hint is None and (c.isdigit() or c.isnumeric()):
        hint = "numbers and names have the digits 0 to 9, powers are written with ^"
    if hint is None and unicodedata.combining(c):
        hint = "a name has letters, digits and _ only, with no added accents"
    return GradError(
        f"unexpected character `{shown}`{named}",
        Span(source, at, at + 1),
        hint,
        kind="unexpected-character",
    )


def _hint(before: str, after: str) -> str | None:
    """A hint at what was meant by the first character of `after`."""
    for left, right, hint in NEAR:
        found = re.match(right, after)
        if found and re.search(left + r"\Z", before):
            from gradcli.suggest import foreign  # only where there is an error

            known = [foreign(group) for group in found.groups()]
            return next(filter(None, known), None) or hint.format(*map(str.lower, found.groups()))
    return HINTS.get(after[0])
