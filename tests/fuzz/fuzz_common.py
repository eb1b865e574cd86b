"""What the kinds of cases share: the model that is mutated, bounds, and when two values agree."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random
from typing import Any

from fuzz_corpus import SMALL, models
from fuzz_promises import document, expect
from fuzz_run import Outcome, Play

FORMS = ["table", "json", "ndjson", "grad", "latex", "markdown", "typst", "html", "python"]
LAYOUTS = ["numerator", "denominator"]
BOUND = ("--max-elements", "20000")  # so that a size drawn at random takes no second to fill
SMALLEST = len(SMALL)
ROUNDING = 1e-9  # of two ways to add up the same contributions, relative to the largest


def some_model(random: Random, small: float = 0.6) -> str:
    """A model that is right: with this probability a small one, which takes less time."""
    found = models()
    return random.choice(found[:SMALLEST] if random.random() < small else found)


def view(random: Random) -> list[str]:
    """Options that change how a derivation is written, and not what it says."""
    found = []
    if random.random() < 0.4:
        found += ["--layout", random.choice(LAYOUTS)]
    if random.random() < 0.3:
        found += ["--accumulate", random.choice(["auto", "always"])]
    if random.random() < 0.2:
        found += ["--precision", str(random.randint(1, 17))]
    return found


def repeated(play: Play, found: Outcome, stdin: bytes = b"") -> None:
    """The same command again gives the same bytes."""
    again = play.run(*found.arguments, stdin=stdin)
    expect(again[1:] == found[1:], "the same input gave other bytes")


def never_fails(play: Play, found: Outcome) -> None:
    if found.code == 1 and b"op " not in play.files["model.eq"]:
        results = document(found)
        records = [r for key in ("results", "steps", "dot_products") for r in results.get(key, [])]
        failed = [(r["name"], r["message"]) for r in records if r["verdict"] == "fail"]
        expect(False, f"a check of gradcli's own derivation fails: {failed}")


def close(one: Any, two: Any) -> bool:
    """Whether two values as JSON agree up to rounding, with the same entries not finite."""
    a, b = ([float(entry) for entry in _flat(value)] for value in (one, two))
    if len(a) != len(b):
        return False
    largest = max((abs(entry) for entry in (*a, *b) if math.isfinite(entry)), default=0.0)
    return all(
        abs(p - q) <= ROUNDING * largest or not (math.isfinite(p) and math.isfinite(q))
        for p, q in zip(a, b, strict=True)
    )


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for part in value:
            yield from _flat(part)
    else:
        yield value
