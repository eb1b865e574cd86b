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


def signature(name: str, positional: Sequence[str], keywords: Sequence[str]) -> list[str]:
    """A function's first line; its inputs are given by name."""
    if name == "forward":
        positional, keywords = [], positional
    arguments = [*positional, *(["*"] if keywords else []), *keywords]
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
    bare = after and len(items) > 1
    one = f"    {before}{inner}{after}" if bare else f"    {before}({inner}){after}"
    if len(one) <= WIDTH:
        return [one]
    return [f"    {before}(", *(f"        {item}," for item in items), f"    ){after}"]
