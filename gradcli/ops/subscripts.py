"""The subscripts of einsum: one letter an axis."""

from __future__ import annotations

from gradcli.ops.mismatch import Mismatch
from gradcli.record import Record


class Subscripts(Record):
    """`inputs` and `output`, one letter an axis."""

    inputs: tuple[str, ...]
    output: str

    def __str__(self) -> str:
        return f"{','.join(self.inputs)}->{self.output}"


LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def wrong(message: str, hint: str | None = None) -> Mismatch:
    """What is wrong with some subscripts."""
    return Mismatch(message, hint, "subscripts")


def subscripts(text: str) -> Subscripts:
    """Parse subscripts; with no `->`, the letters that stand once, in order. Raises Mismatch."""
    text = text.replace(" ", "")
    left, arrow, right = text.partition("->")
    inputs = tuple(left.split(","))
    if not arrow:
        right = "".join(sorted(c for c in set(left) - {","} if left.count(c) == 1))
    for term in (*inputs, right):
        if bad := [c for c in term if c not in LETTERS]:
            raise wrong(f"`{bad[0]}` in the subscripts is not a letter", "ij,jk->ik")
    if "" in inputs:
        raise wrong("the subscripts of an operand are missing", "a scalar is `ij`, as a column is")
    for c in right:
        if right.count(c) > 1:
            raise wrong(f"`{c}` stands twice in the output's subscripts")
        if c not in left:
            raise wrong(f"the output's `{c}` stands in no operand")
    return Subscripts(inputs, right)
