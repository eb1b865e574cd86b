"""The kinds of cases: what each changes at random, and what must hold of what comes of it."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import fuzz_data
from fuzz_common import BOUND, FORMS, LAYOUTS, close, never_fails, repeated, some_model, view
from fuzz_corpus import derivations, malformed, models
from fuzz_mutate import mutated
from fuzz_options import any_options
from fuzz_promises import document, expect
from fuzz_run import Play
from fuzz_views import a_module, a_view, marks

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
    never_fails(play, found)


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
                close(one[name]["value"], two[name]["value"]), f"dL/d{name} by always is another"
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
        expect(close(ran[name], found["value"]), f"dL/d{name} by the module is another")


def at_awkward_values(play: Play) -> None:
    """At zeros, ties, tiny and huge values a check may be undecided. It blames no right gradient."""
    shown = play.run("derive", "model.eq", *BOUND, "--json")
    if shown.code == 2:
        return
    inputs = document(shown)["inputs"]
    play.write("values.json", json.dumps(fuzz_data.awkward(play.random, inputs)))
    bound = ("--data", "values.json", *BOUND)
    if play.run("derive", "model.eq", *bound, "--json").code == 0:
        never_fails(play, play.run("check", "model.eq", *bound, "--json"))


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


KINDS: dict[str, Callable[[Play], None]] = {
    "models": a_model,
    "derivations": a_derivation,
    "data": a_data_file,
    "options": any_options,
    "views": a_view,
    "modules": a_module,
    "marks": marks,
}


def play(kind: str, seed: int, number: int, folder: Path) -> Play:
    """A case, ready to be played in an empty folder: KINDS[kind](case) does."""
    return Play(Random(f"{kind} {seed} {number}"), folder)
