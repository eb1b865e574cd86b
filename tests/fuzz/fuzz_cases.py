"""The kinds of cases: what each changes at random, and what must hold of what comes of it."""

from __future__ import annotations

import contextlib
import io
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import fuzz_data
from fuzz_corpus import derivations, malformed, models
from fuzz_mutate import FUNCTIONS, mutated
from fuzz_promises import document, expect, option
from fuzz_run import Outcome, Play

FORMS = ["table", "json", "ndjson", "grad", "latex", "python"]
LAYOUTS = ["numerator", "denominator"]
BOUND = ("--max-elements", "20000")  # so that a size drawn at random takes no second to fill
ROUNDING = 1e-9  # of two ways to add up the same contributions, relative to the largest


def some_model(random: Random, small: float = 0.6) -> str:
    """A model that is right: with this probability a small one, which takes less time."""
    found = models()
    return random.choice(found[:12] if random.random() < small else found)


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


# ── models ──


def a_model(play: Play) -> None:
    """A mutated model: one clear error, or a derivation that holds in every way it can be asked."""
    random = play.random
    text = random.choice(malformed()) if play.chance(0.1) else some_model(random)
    play.write("model.eq", mutated(random, text, models()))
    form = random.choice(FORMS)
    options = [*BOUND, *view(random)]
    if form == "table" and play.chance(0.3):
        options.append("--rolled")
    wrt = play.chance(0.15)
    if wrt:
        options += ["--wrt", random.choice(["x", "W", "h", "x,W", "a, b", "z1", "x[1]"])]
    found = play.run("derive", "model.eq", "-f", form, *options)
    placed = not any(line.startswith("error:") for line in found.errors.split("\n"))
    expect(placed or wrt, f"an error of a model has no place:\n{found.errors}")
    if play.chance(0.1):
        repeated(play, found)
    if found.code == 0:
        random.choice([checked, read_back, added_up, as_python, at_awkward_values])(play)


def checked(play: Play) -> None:
    """Every gradient that gradcli derives is right, or can't be told. An `op` has its own rule."""
    options = play.random.choice([[], [], ["--complex-step"], ["--finite-diff"], ["--steps"]])
    found = play.run("check", "model.eq", *BOUND, "--json", *options)
    _never_fails(play, found)


def _never_fails(play: Play, found: Outcome) -> None:
    if found.code == 1 and b"op " not in play.files["model.eq"]:
        results = document(found)
        records = [r for key in ("results", "steps", "dot_products") for r in results.get(key, [])]
        failed = [(r["name"], r["message"]) for r in records if r["verdict"] == "fail"]
        expect(False, f"a check of gradcli's own derivation fails: {failed}")


def read_back(play: Play) -> None:
    """What derive writes as a derivation file, check accepts."""
    options = view(play.random)
    derived = play.run("derive", "model.eq", "-f", "grad", *BOUND, *options)
    if derived.code == 2:
        return  # --wrt alone may have made the model one that derives
    play.write("mine.grad", derived.out)
    found = play.run("check", "model.eq", "--against", "mine.grad", *BOUND, "--json", "--complete")
    if found.code == 1:
        whole = document(found)
        wrong = [line for line in whole["lines"] if line["verdict"] == "wrong"]
        expect(False, f"gradcli's own derivation is wrong: {wrong or whole['missing']}")


def added_up(play: Play) -> None:
    """`--accumulate always` gives the gradients of `auto`, entry by entry."""
    auto, always = (
        play.run("derive", "model.eq", *BOUND, "--json", "--accumulate", how)
        for how in ("auto", "always")
    )
    expect(auto.code == always.code, "one of auto and always is an error")
    if auto.code == 0:
        one, two = (document(found)["gradients"] for found in (auto, always))
        expect(list(one) == list(two), "auto and always have other gradients")
        for name in one:
            expect(
                _close(one[name]["value"], two[name]["value"]), f"dL/d{name} by always is another"
            )


def as_python(play: Play) -> None:
    """The module that is written runs, and gives the gradients of the derivation."""
    written = play.run("derive", "model.eq", *BOUND, "-f", "python", "--layout", "denominator")
    if written.code == 2:
        return
    shown = play.run("derive", "model.eq", *BOUND, "--json", "--layout", "denominator")
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        exec(written.text, {"__name__": "__main__"})
    gradients = document(shown)["gradients"]
    ran = json.loads(out.getvalue())
    expect(list(ran) == list(gradients), "the module has other gradients")
    for name, found in gradients.items():
        expect(_close(ran[name], found["value"]), f"dL/d{name} by the module is another")


def at_awkward_values(play: Play) -> None:
    """At zeros, ties, tiny and huge values a check may be undecided. It blames no right gradient."""
    shown = play.run("derive", "model.eq", *BOUND, "--json")
    if shown.code == 2:
        return
    inputs = document(shown)["inputs"]
    play.write("values.json", json.dumps(fuzz_data.awkward(play.random, inputs)))
    bound = ("--data", "values.json", *BOUND)
    if play.run("derive", "model.eq", *bound, "--json").code == 0:
        _never_fails(play, play.run("check", "model.eq", *bound, "--json"))


def _close(one: Any, two: Any) -> bool:
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


# ── derivations ──


def a_derivation(play: Play) -> None:
    """A mutated derivation of a model that is right: each line gets a verdict with its place."""
    random = play.random
    if play.chance(0.2):
        model, text = random.choice(derivations())
        play.write("model.eq", model)
    else:
        play.write("model.eq", some_model(random, 0.9))
        layout = random.choice(LAYOUTS)
        text = play.run("derive", "model.eq", "-f", "grad", "--layout", layout, *BOUND).text
    play.write("mine.grad", mutated(random, text, [text]))
    options = random.choice([[], [], [], ["--hint"], ["--quiet"], ["--complete"]])
    form = random.choice(["json", "json", "table", "ndjson"])
    found = play.run(
        "check", "model.eq", "--against", "mine.grad", "-f", form, *options, *BOUND
    )  # fmt: skip
    if play.chance(0.05):
        repeated(play, found)
    if form == "json" and found.code != 2 and not options:
        corrections_are_right(play, document(found)["lines"])


def corrections_are_right(play: Play, lines: list[dict[str, Any]]) -> None:
    """A corrected line differs from the wrong one, and its formula is right in its place."""
    source = play.files["mine.grad"].decode("utf-8-sig").split("\n")
    for line in lines:
        expect(1 <= line["line"] <= len(source), f"line {line['line']} is not in the file")
    # Of a total the corrected line is one to add, and a line that goes on below has another end.
    mended = [
        line
        for line in lines
        if line["verdict"] == "wrong" and line["expected"] and line["diagnosis"] not in TOTALS
        if (written := source[line["line"] - 1]).count("(") == written.count(")")
    ]
    if not mended or any("\r" in line for line in source):
        return
    line = play.random.choice(mended)
    at = line["line"] - 1
    expect(line["expected"] != source[at].split("#")[0].strip(), "the corrected line is the same")
    play.write("mended.grad", "\n".join([*source[:at], line["expected"], *source[at + 1 :]]))
    again = play.run("check", "model.eq", "--against", "mended.grad", "--json", *BOUND)
    expect(again.code != 2, f"the corrected line can't be read: {line['expected']}")
    verdict = next(r for r in document(again)["lines"] if r["line"] == at + 1)
    right = verdict["verdict"] != "wrong" or verdict["diagnosis"] in TOTALS
    expect(right, f"the corrected line is wrong: {line['expected']}")


TOTALS = ("missing-accumulate", "nothing-to-accumulate", "counted-twice")


# ── data ──


def a_data_file(play: Play) -> None:
    """Mutated data: one clear error, or values that the model then has."""
    random = play.random
    shape, text = random.choice(fuzz_data.MODELS)
    play.write("model.eq", text)
    suffix, raw = fuzz_data.file(random, shape)
    if suffix == ".npy":
        play.write("w.npy", raw)
        play.write("model.eq", text.replace("W: [N, M]", 'W: [N, M] = file("w.npy")'))
        found = play.run("derive", "model.eq", "--json", *BOUND)
    else:
        name = play.write("data" + suffix, raw)
        if play.chance(0.5):
            found = play.run("derive", "model.eq", "--data", name, "--json", *BOUND)
        else:
            found = play.run("check", "model.eq", "--against", name, "--json", *BOUND)
    if play.chance(0.1):
        repeated(play, found)


# ── options ──


def options(play: Play) -> None:
    """Any options at all, of any command, with files that are there or not."""
    random = play.random
    text = some_model(random)
    play.write("model.eq", text)
    play.write("mine.grad", random.choice(derivations())[1])
    play.write("data.json", json.dumps({"x": [1, 2, 3]}))
    command = random.choice(["derive", "derive", "check", "check", "ops", "schema"])
    count = random.choice([0, 1, 1, 1, 1, 1, 2])
    arguments = [random.choice(ARGUMENTS[command](random)) for _ in range(count)]
    given = [part for _ in range(random.randint(0, 4)) for part in random.choice(OPTIONS)(random)]
    stdin = text.encode() if "-" in (*arguments, *given) else b""
    if command == "check" and not arguments and play.chance(0.8):
        arguments = ["model.eq"]
    play.several = command == "check" and (len(arguments) != 1 or "--" in arguments)
    whole = [*arguments, *given]
    if play.chance(0.2):
        random.shuffle(whole)
    found = play.run(
        command, *whole, *(BOUND if command in ("derive", "check") else ()), stdin=stdin
    )
    if play.chance(0.1) and option(found, "--budget") is None:
        repeated(play, found, stdin)


ARGUMENTS: dict[str, Callable[[Random], list[str]]] = {
    "derive": lambda _: ["model.eq"] * 30 + PATHS,
    "check": lambda _: ["model.eq"] * 30 + PATHS,
    "ops": lambda random: [*FUNCTIONS, "@", "+", "*", "nope", "", "σ", "[red]", "\x1b"],
    "schema": lambda _: ["derive", "check", "against", "ops", "record", "nope", ""],
}
PATHS = [
    "-",
    "none.eq",
    ".",
    "..",
    "",
    "mine.grad",
    "data.json",
    "a\nb.eq",
    "[/b].eq",
    "\x1b[31m.eq",
]
PATHS += ["x" * 300, "/", "model.eq/x", "~", "%s", "\udcff.eq", "-x", "--", "\0"]
TEXTS = [
    "",
    "0",
    "1",
    "-1",
    "x",
    "1e3",
    "N",
    "N=",
    "=3",
    "N=3",
    "N=0",
    "N=-1",
    "N=4=4",
    "nan",
    "inf",
]
TEXTS += [
    "99999999999999999999",
    "٣",
    "é",
    "\x1b[31m",
    "[/red]",
    "\udcff",
    " ",
    ",",
    "auto",
    "json",
]


def _valued(name: str, *values: str) -> Callable[[Random], list[str]]:
    """An option with a value of its own kind, seldom with any other."""
    return lambda random: [name, random.choice(values if random.random() < 0.9 else TEXTS + PATHS)]


def _flag(name: str) -> Callable[[Random], list[str]]:
    return lambda random: [name]


OPTIONS: list[Callable[[Random], list[str]]] = [
    _valued("--dim", "N=2", "N=1", "M=3,N=1", "H=2", "T=1", "X=1", "T=4", "K=1"),
    _valued("--data", "data.json", "none.npz", "model.eq"),
    _valued("--seed", "0", "1", "12345", "4294967296"),
    _valued("--layout", *LAYOUTS),
    _valued("--wrt", "x", "W", "x,W", "h[1]", "x[1, 2]", "h[", "z1", "s", "L"),
    _valued("--accumulate", "auto", "always"),
    _valued("--format", *FORMS),
    _valued("-f", "json", "ndjson", "sarif"),
    _valued("--values", "all", "norms", "none"),
    _valued("-o", "out.txt"),
    _valued("--precision", "1", "3", "17"),
    _valued("--points", "1", "2", "3"),
    _valued("--budget", "0", "0.01", "1e9"),
    _valued("--against", "mine.grad", "data.json"),
    _valued("--oracle", "autograd"),
    *map(_flag, ["--json", "--full", "--rolled", "--finite-diff", "--complex-step", "--steps"]),
    *map(_flag, ["--hint", "--quiet", "--complete", "--help", "--frobnicate", "-j"]),
]

KINDS: dict[str, Callable[[Play], None]] = {
    "models": a_model,
    "derivations": a_derivation,
    "data": a_data_file,
    "options": options,
}


def play(kind: str, seed: int, number: int, folder: Path) -> Play:
    """A case, ready to be played in an empty folder: KINDS[kind](case) does."""
    return Play(Random(f"{kind} {seed} {number}"), folder)
