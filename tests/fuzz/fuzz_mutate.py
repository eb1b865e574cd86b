"""Random changes of texts and bytes. Each takes its source of randomness, so that a seed repeats it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

from gradcli.ops import TABLE
from gradcli.ops.core import Op

WORD = re.compile(
    r"\n|[ \t]+|[^\W\d]\w*|\d+(?:\.\d+)?(?:e[-+]?\d+)?|\.\.|\*\*|[<>=!+]=|.", re.DOTALL
)


def functions_of_a_kind() -> list[list[str]]:
    """The names of functions, together where one may stand for the other."""
    found: dict[tuple[object, ...], list[Op]] = {}
    for op in TABLE.values():
        if op.group != "operators":
            found.setdefault((op.group, len(op.operands)), []).append(op)
    return [[name for op in ops for name in (op.name, *op.aliases)] for ops in found.values()]


PEERS = [
    *functions_of_a_kind(),
    ["+", "-", "*", "∘", "/"],
    ["<", ">", "<=", ">=", "==", "!="],
    ["0", "1", "2", "3", "4", "0.5"],
]
FUNCTIONS = [name for names in functions_of_a_kind() for name in names]
SIGNS = [
    "+",
    "-",
    "*",
    "@",
    "/",
    "^",
    "∘",
    "**",
    ".",
    ",",
    ":",
    ";",
    "(",
    ")",
    "[",
    "]",
    "=",
    "+=",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "..",
    ".T",
    "ᵀ",
    "'",
    '"',
    "#",
    "\\",
    "%",
    "&",
    "!",
    "$",
    "{",
    "}",
]
NUMBERS = [
    "0",
    "1",
    "2",
    "3",
    "4",
    "7",
    "0.5",
    "1.5",
    "1e-5",
    "1e-8",
    "1e-300",
    "5e-324",
    "1e300",
    "1e308",
    "1e400",
    "0.1",
    "100",
    "65",
    "999999",
    "1000001",
    "1000000000000000",
    "1000000000000001",
    "00",
    "1e",
    "3e5",
    "1_000",
    "0x10",
    ".5",
    "5.",
]
KEYWORDS = [
    "dim",
    "input",
    "param",
    "const",
    "loss",
    "given",
    "def",
    "op",
    "for",
    "in",
    "return",
    "layout",
    "dL",
    "dL/dx",
    "dL/dout",
    "out",
    "file",
    "normal",
    "uniform",
    "axis",
    "T",
    "pi",
    "numerator",
    "denominator",
]
STRANGE = [
    "\0", "\x1b[31m", "\r", "\x0b", "\u2028", "\u202e", "\u200b", "\ufeff", "\u3164", "é", "e\u0301",
    "变", "σ", "𝟛", "²", "½", "٣", "–", "−", "“", "\ud800", "\t", " ", "\xa0", "🙂", "{0}", "%s", '"""',
]  # fmt: skip


def kind(word: str) -> str:
    if word[0].isalpha() or word[0] == "_":
        return "name"
    if word[0].isdigit():
        return "number"
    return "blank" if word.isspace() else "sign"


def another(random: Random, word: str, words: Sequence[str]) -> str:
    """A word of the same kind, from the text or from the language."""
    sort = kind(word)
    pool: Sequence[str] = [w for w in words if kind(w) == sort]
    if word in FUNCTIONS and random.random() < 0.8:
        pool = FUNCTIONS
    elif random.random() < 0.4:
        pool = {"name": FUNCTIONS + KEYWORDS, "number": NUMBERS, "sign": SIGNS, "blank": pool}[sort]
    return random.choice(pool)


def kindly(random: Random, text: str) -> str:
    """A text with an operation or a number exchanged for its like: it mostly means something."""
    words = WORD.findall(text)
    places = [(i, peers) for i, word in enumerate(words) for peers in PEERS if word in peers]
    if places:
        at, peers = random.choice(places)
        words[at] = random.choice(peers)
    return "".join(words)


def gently(random: Random, text: str) -> str:
    """A text with one word exchanged for another of its kind: what comes out is often still right."""
    words = WORD.findall(text)
    places = [i for i, word in enumerate(words) if kind(word) != "blank"]
    if not places:
        return text
    at = random.choice(places)
    words[at] = another(random, words[at], words)
    return "".join(words)


def roughly(random: Random, text: str) -> str:
    """A text with a word gone, twice there, moved, or put in."""
    words = WORD.findall(text) or [" "]
    at, other = (random.randrange(len(words)) for _ in "ab")
    choice = random.randrange(6)
    if choice == 0:
        del words[at]
    elif choice == 1:
        words.insert(at, words[at] * random.choice([1, 1, 2, 50]))
    elif choice == 2:
        words[at], words[other] = words[other], words[at]
    elif choice == 3:
        words.insert(at, random.choice(SIGNS + NUMBERS + KEYWORDS + FUNCTIONS))
    elif choice == 4:
        words.insert(at, random.choice(STRANGE))
    else:
        words[min(at, other) : max(at, other)] = []
    return "".join(words)


def by_lines(random: Random, text: str, others: Sequence[str]) -> str:
    """A text with a line gone, moved, indented, twice there, or from another text."""
    lines = text.splitlines(keepends=True) or ["\n"]
    at, to = (random.randrange(len(lines)) for _ in "ab")
    choice = random.randrange(5)
    if choice == 0:
        del lines[at]
    elif choice == 1:
        lines.insert(to, lines[at])
    elif choice == 2:
        lines.insert(to, lines.pop(at))
    elif choice == 3:
        lines[at] = random.choice(["", " ", "    ", "\t", "        "]) + lines[at].lstrip(" ")
    else:
        lines.insert(at, random.choice(random.choice(others).splitlines(keepends=True) or [""]))
    return "".join(lines)


def in_bytes(random: Random, raw: bytes) -> bytes:
    """Bytes with some changed, gone, put in, repeated, or cut off."""
    found = bytearray(raw or b"\n")
    at = random.randrange(len(found))
    length = random.choice([1, 1, 1, 2, 4, 8, 64])
    choice = random.randrange(6)
    if choice == 0:
        found[at] ^= 1 << random.randrange(8)
    elif choice == 1:
        found[at : at + length] = random.randbytes(length)
    elif choice == 2:
        del found[at : at + length]
    elif choice == 3:
        found[at:at] = random.randbytes(length)
    elif choice == 4:
        found[at:at] = found[at : at + 8 * length]
    else:
        del found[at:]
    return bytes(found)


def mutated(random: Random, text: str, others: Sequence[str]) -> bytes:
    """A text changed once or a few times; half of what comes out means something."""
    steps: list[Callable[[str], str]] = [
        *[lambda t: gently(random, t)] * 6,
        *[lambda t: roughly(random, t)] * 3,
        lambda t: by_lines(random, t, others),
    ]
    careful = random.random() < 0.7
    for _ in range(random.choice([1, 1, 1, 2, 2, 3, 6])):
        text = kindly(random, text) if careful else random.choice(steps)(text)
    raw = text.encode("utf-8", "surrogatepass")
    return in_bytes(random, raw) if random.random() < 0.04 else raw
