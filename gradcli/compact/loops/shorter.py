"""A model's long loops, and what makes them short: other dims, and other numbers in its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gradcli.program import Program

FEW = (3, 4, 6)  # iterations, at which a compact form is proven
NUMERAL = re.compile(r"(?<!\w)(?<!\d\.)\d+(?!\w|\.\d)")  # a whole number as it is written


class Less(NamedTuple):
    """What is less in a model with shorter loops: some dims, and numbers in its text, by what they
    were.
    """

    dims: dict[str, int]
    numbers: dict[str, str]
    text: str


def shorter(program: Program) -> Iterator[Less]:
    """The ways to make long loops short: those that end at a dim, and at one number."""
    ends = {end.size for loop in program.loops for end in loop.bounds if end.size is not None}
    looped = {name for size in ends for monomial, _ in size.terms for name, _ in monomial}
    dims = {name: int(size.value) for name, size in program.sizes.dims.items()}
    long = [name for name in dims if name in looped and dims[name] > max(FEW)]
    numbers = [size.text for size in ends if size.is_constant and size.value > max(FEW)]
    for few in FEW if long or len(numbers) == 1 else ():
        others = dict.fromkeys(numbers, str(few))
        text = with_numbers(program.source.text, others)
        yield Less(dict.fromkeys(long, few), others, text)


def with_numbers(text: str, others: Mapping[str, str]) -> str:
    """A text with other whole numbers in place of some."""
    return NUMERAL.sub(lambda found: others.get(found[0], found[0]), text)
