"""What a person probably meant by a name that is not known."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһνοΑΒΕΖΗΙΚΜΝΟΡΤΥΧАВЕКМНОРСТХ",
    "aeopcyxijsdhvoABEZHIKMNOPTYXABEKMHOPCTX",
)
# What other languages and books call what is here, and how it is written.
FOREIGN = {
    "Σ": "a sum is written sum(x), or sum(x[t] for t in 1..T)",
    "argmax": "an index has no derivative; max(x) has one",
    "argmin": "an index has no derivative; min(x) has one",
    "arange": "a range stands in `for t in 1..T`",
    "average": "write mean(x)",
    "avg": "write mean(x)",
    "cat": "[a; b] stacks vertically, concat(a, b, axis=1) joins side by side",
    "cbrt": "write x^(1/3)",
    "concatenate": "[a; b] stacks vertically, concat(a, b, axis=1) joins side by side",
    "flatten": "write reshape(x, [N*M])",
    "full": "write 2 * ones(N, M)",
    "hstack": "concat(a, b, axis=1) joins side by side",
    "identity": "write eye(N)",
    "len": "a size is known by its dim's name",
    "ln": "the natural logarithm is log(x)",
    "log10": "write log(x) / log(10)",
    "log2": "write log(x) / log(2)",
    "logistic": "write sigmoid(x)",
    "matmul": "the matrix product is written A @ B",
    "mm": "the matrix product is written A @ B",
    "mul": "the elementwise product is written a * b",
    "multiply": "the elementwise product is written a * b",
    "normal": "a value is drawn where it is declared: param W: [N, M] ~ normal(0, 1)",
    "pow": "a power is written x^2",
    "power": "a power is written x^2",
    "rand": "a value is drawn where it is declared: param W: [N, M] ~ uniform(0, 1)",
    "randn": "a value is drawn where it is declared: param W: [N, M] ~ normal(0, 1)",
    "range": "a range stands in `for t in 1..T`",
    "sgn": "write sign(x)",
    "shape": "a size is known by its dim's name",
    "size": "a size is known by its dim's name",
    "sqr": "write square(x), or x^2",
    "tr": "write trace(A)",
    "transpose": "a transpose is written x.T",
    "uniform": "a value is drawn where it is declared: param W: [N, M] ~ uniform(0, 1)",
    "vstack": "[a; b] stacks vertically",
}

LONGEST = 60  # names beyond this are not compared letter by letter
MOST = 2_000  # nor are more names than these


def suggestion(name: str, known: Iterable[str]) -> str | None:
    """A hint at the known name that was probably meant."""
    names = sorted(known)
    plain = name.translate(LOOKALIKES)
    for other in names:
        if other != name and other.translate(LOOKALIKES) == plain:
            return f"did you mean `{other}`? {_other_letter(name, other)}"
    for other in names:
        if other.lower() == name.lower():
            return f"did you mean `{other}`?"
    if len(name) > LONGEST:
        return None
    for other in names:
        if len(other) == len(name) and sorted(other) == sorted(name):  # two letters changed places
            return f"did you mean `{other}`?"
    import difflib  # only where there is an error

    near = [other for other in names if abs(len(other) - len(name)) <= 3][:MOST]
    close = difflib.get_close_matches(name, near, n=1, cutoff=0.7)
    return f"did you mean `{close[0]}`?" if close else None


def _other_letter(name: str, other: str) -> str:
    """Which letter only looks like the one it stands for."""
    wrong, right = next((a, b) for a, b in zip(name, other, strict=True) if a != b)
    odd, where = (wrong, "here") if not wrong.isascii() else (right, "there")
    return f"The `{odd}` {where} is another letter, {unicodedata.name(odd, 'unnamed').lower()}"
