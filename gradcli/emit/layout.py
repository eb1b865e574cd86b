"""Lines of a module that are broken where they are too long, as formatters break them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradcli.foreign import docstring

WIDTH = 88  # of a line


def looped(names: str, rows: Sequence[str]) -> list[str]:
    """The head of a loop over some tuples, on one line where it fits."""
    one = f"    for {names} in ({', '.join(rows)}{',' if len(rows) == 1 else ''}):"
    if len(one) <= WIDTH:
        return [one]
    return [f"    for {names} in (", *(f"        {row}," for row in rows), "    ):"]


def raised(text: str) -> list[str]:
    """An error of a value, within an `if` of a function."""
    one = f"        raise ValueError({text})"
    if len(one) <= WIDTH:
        return [one]
    return ["        raise ValueError(", f"            {text}", "        )"]


def signature(name: str, positional: Sequence[str], keywords: Sequence[str]) -> list[str]:
    """A function's first line."""
    bare = keywords and not keywords[0].startswith("**")
    arguments = [*positional, *(["*"] if bare else []), *keywords]
    one = f"def {name}({', '.join(arguments)}):"
    if len(one) <= WIDTH:
        return [one]
    inner = ", ".join(arguments)
    if len(inner) + 4 <= WIDTH:
        return [f"def {name}(", f"    {inner}", "):"]
    return [f"def {name}(", *(f"    {text}," for text in arguments), "):"]


def mapping(before: str, results: Mapping[str, str]) -> list[str]:
    """A dictionary, on one line where it fits."""
    before = f"{before}= " if not before.startswith("return") else before
    before = before.replace("outputs=", "outputs =")
    items = [f'"{docstring(name)}": {text}' for name, text in results.items()]
    one = f"    {before}{{{', '.join(items)}}}"
    if len(one) <= WIDTH:
        return [one]
    return [f"    {before}{{", *(f"        {item}," for item in items), "    }"]


def sequence(before: str, items: Sequence[str], after: str = "") -> list[str]:
    """A tuple, on one line where it fits."""
    inner = ", ".join(items) + ("," if len(items) == 1 else "")
    bare = (after or before == "return ") and len(items) > 1
    one = f"    {before}{inner}{after}" if bare else f"    {before}({inner}){after}"
    if len(one) <= WIDTH:
        return [one]
    return [f"    {before}(", *(f"        {item}," for item in items), f"    ){after}"]


def quoted(text: str) -> str:
    """A string, where it is one, in the quotes that formatters prefer."""
    string = text.startswith("'") and '"' not in text and "\\" not in text
    return f'"{text[1:-1]}"' if string else text


def bare(text: str) -> str:
    """A text without brackets around all of it, where it is no tuple."""
    if not text.startswith("("):
        return text
    depth = 0
    for place, sign in enumerate(text):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(sign, 0)
        if (depth == 1 and sign == ",") or (not depth and place < len(text) - 1):
            return text
    return text[1:-1]
