"""What else is made of a mutated model: other views of it, a module to ship, a sheet, marks."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

from fuzz_common import BOUND, LAYOUTS, close, some_model, view
from fuzz_corpus import models
from fuzz_mutate import mutated
from fuzz_promises import document, expect
from fuzz_run import Outcome, Play

from gradcli.errors import GradError, GradErrors

sys.path += [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "emit")]

NAMES = ["x", "W", "h", "y", "z1", "L", "h[1]", "C", "w"]


def a_view(play: Play) -> None:
    """A mutated model, seen in a way of its own."""
    random = play.random
    play.write("model.eq", mutated(random, some_model(random), models()))
    choice = random.choice([_written, _written, _compact, _asked, _asked, _a_sheet])
    choice(play)


def _written(play: Play) -> None:
    """A derivation in a form, a notation or a mode of its own."""
    random = play.random
    form = random.choice(["table", "latex", "markdown", "typst", "html", "json", "ndjson"])
    options = ["-f", form, *view(random)]
    if play.chance(0.3):
        options += ["--notation", random.choice(["d", "partial", "nabla", "bar", "delta"])]
    if play.chance(0.3):
        options += ["--mode", random.choice(["forward", "both"])]
    options += [each for each in ("--cost", "--rolled", "--full") if play.chance(0.15)]
    if play.chance(0.15):
        options += ["--order", "dfs"]
    if form == "latex" and play.chance(0.3):
        options.append("--standalone")
    play.run("derive", "model.eq", *options, *BOUND)


def _compact(play: Play) -> None:
    """The compact form has the gradients of the long one, and check takes it for right."""
    more = ["--why"] if play.chance(0.3) else []
    form = "table" if more else "json"
    short = play.run("derive", "model.eq", "--compact", "-f", form, *more, *BOUND)
    if short.code == 2:
        return
    if form == "json":
        long = play.run("derive", "model.eq", "--json", *BOUND)
        one, two = (document(found)["gradients"] for found in (long, short))
        expect(set(one) == set(two), "the compact form has other gradients")
        for name in one:
            expect(close(one[name]["value"], two[name]["value"]), f"compact dL/d{name} is another")
    written = play.run("derive", "model.eq", "--compact", "-f", "grad", *BOUND)
    play.write("short.grad", written.out)
    found = play.run("check", "model.eq", "--against", "short.grad", "--json", *BOUND)
    if found.code == 1:
        wrong = [line for line in document(found)["lines"] if line["verdict"] == "wrong"]
        expect(False, f"a compact line is wrong: {wrong}")


def _asked(play: Play) -> None:
    """A command that looks at something else than the listing."""
    random = play.random
    name, other = random.choice(NAMES), random.choice(NAMES)
    form = random.choice(["text", "dot", "mermaid", "svg", "html", "json"])
    more = ["--json"] if play.chance(0.5) else []
    chain = ["--chain"] if play.chance(0.3) else []
    flags = [each for each in ("--named", "--rolled", "--grad") if play.chance(0.3)]
    start = random.choice(["x[0]", "a", "W[1, 0]", "h[1][0]", "x[1][1]", "C[0, 0]"])
    top = ["--top", str(random.randint(0, 9))] if play.chance(0.5) else []
    command = random.choice(
        [
            ["jacobian", "--of", name, "--wrt", other, *chain, *more],
            ["hessian", "--wrt", name, *more],
            ["hvp", "--wrt", name, *more],
            ["paths", "--from", start, *top, *more],
            ["graph", "-f", form, *flags],
        ]
    )
    play.run(command[0], "model.eq", *command[1:], *BOUND)


def _a_sheet(play: Play) -> None:
    """A sheet to fill in has no line that is wrong."""
    random = play.random
    form = random.choice(["grad", "grad", "markdown", "latex"])
    options = ["--layout", random.choice(LAYOUTS)] if play.chance(0.3) else []
    level = str(random.randint(1, 3))
    sheet = play.run("blank", "model.eq", "-f", form, "--level", level, *options, *BOUND)
    if sheet.code == 0 and form == "grad":
        play.write("sheet.grad", sheet.out)
        found = play.run("check", "model.eq", "--against", "sheet.grad", "--json", *BOUND)
        expect(found.code != 1, "a line of a sheet that nobody filled in is wrong")


# ── modules ──


def a_module(play: Play) -> None:
    """The module that a mutated model becomes runs, and gives the derivation's gradients."""
    random = play.random
    play.write("model.eq", mutated(random, some_model(random), models()))
    to = random.choice(["numpy", "numpy", "numpy", "torch", "jax"])
    plain = ["--plain"] if play.chance(0.3) else []
    found = play.run("emit", "model.eq", "--to", to, *plain, *BOUND)
    if found.code == 0 and to == "numpy":
        _runs(play, found, bool(plain))


def _runs(play: Play, found: Outcome, plain: bool) -> None:
    from emitting import case, load

    text = play.files["model.eq"].decode("utf-8-sig")
    try:
        made = case(text, plain=plain)
    except (GradError, GradErrors):
        return  # it can be written, and at the values that are drawn it has no derivative
    with contextlib.redirect_stdout(io.StringIO()):
        module = load(found.text)
    outputs, saved = module["forward"](**made.inputs)
    gradients = module["backward"](saved, **made.given)
    for what, one, two in (
        ("value", outputs, made.outputs),
        ("gradient", gradients, made.gradients),
    ):
        expect(set(one) == set(two), f"the module has another {what}: {set(one) ^ set(two)}")
        for name, wanted in two.items():
            same = close(_listed(one[name]), _listed(wanted))
            expect(same, f"the {what} of {name} by the module is another")


def _listed(value: Any) -> Any:
    """An array as JSON has it."""
    import numpy as np

    return np.asarray(value).tolist()


# ── marks ──


def marks(play: Play) -> None:
    """Mutated derivations of one model: each gets its marks, and the key has them all."""
    random = play.random
    play.write("model.eq", some_model(random, 0.95))
    layout = random.choice(LAYOUTS)
    key = play.run("derive", "model.eq", "-f", "grad", "--layout", layout, *BOUND).text
    play.write("key.grad", key)
    play.write("one.grad", mutated(random, key, [key]))
    form = random.choice(["json", "json", "csv", "table", "html", "gradescope"])
    options = ["--seed-per-file"] if play.chance(0.1) else []
    options += ["--reveal", random.choice(["quiet", "hint", "full"])] if play.chance(0.3) else []
    found = play.run("grade", "model.eq", "key.grad", "one.grad", "-f", form, *options, *BOUND)
    if form != "json" or found.code == 2:
        return
    for each in document(found)["submissions"]:
        expect(0 <= each["points"] <= each["max_points"], f"{each['points']} points")
        if each["file"] == "key.grad":
            expect(
                each["points"] == each["max_points"] and not each["wrong"], json.dumps(each)[:900]
            )
