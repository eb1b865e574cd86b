"""Any options at all, of any command, with files that are there or not."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

from fuzz_common import BOUND, FORMS, LAYOUTS, repeated, some_model
from fuzz_corpus import derivations
from fuzz_mutate import FUNCTIONS
from fuzz_promises import option
from fuzz_run import Play

from gradcli import cli


def any_options(play: Play) -> None:
    """A command with options, most of them its own, and files that are there or not."""
    random = play.random
    text = some_model(random)
    play.write("model.eq", text)
    play.write("mine.grad", random.choice(derivations())[1])
    play.write("data.json", json.dumps({"x": [1, 2, 3]}))
    command = random.choice([*["derive", "check"] * 4, *ARGUMENTS])
    count = random.choice([0, 1, 1, 1, 1, 1, 2])
    arguments = [random.choice(ARGUMENTS[command](random)) for _ in range(count)]
    own = _own(command)
    mine = [made for made in OPTIONS if made(random)[0] in own]
    pools = [mine if play.chance(0.9) else OPTIONS for _ in range(random.randint(0, 4))]
    given = [part for pool in pools for part in random.choice(pool)(random)]
    given += [
        part for made in REQUIRED.get(command, ()) if play.chance(0.9) for part in made(random)
    ]
    stdin = text.encode() if "-" in (*arguments, *given) else b""
    if command == "check" and not arguments and play.chance(0.8):
        arguments = ["model.eq"]
    alone = len(arguments) == 1 and not {"--", "."} & set(arguments)
    play.several = command == "check" and not alone
    whole = [*arguments, *given]
    if play.chance(0.2):
        random.shuffle(whole)
    found = play.run(command, *whole, *(BOUND if BOUND[0] in own else ()), stdin=stdin)
    if play.chance(0.1) and option(found, "--budget") is None:
        repeated(play, found, stdin)


@cache
def _own(command: str) -> frozenset[str]:
    """The options that a command has."""
    app: Any = cli.app
    found = app.get_command(None, command)
    return frozenset(name for each in found.params for name in each.opts) | {"--help"}


MODELLED = [
    "derive",
    "check",
    "jacobian",
    "hvp",
    "hessian",
    "paths",
    "graph",
    "emit",
    "grade",
    "blank",
]
ARGUMENTS: dict[str, Callable[[Random], list[str]]] = {
    **dict.fromkeys(MODELLED, lambda _: ["model.eq"] * 30 + PATHS),
    # These two read folders, and only the case's own has what the case says.
    **dict.fromkeys(["check", "grade"], lambda _: ["model.eq"] * 30 + WITHIN),
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
WITHIN = [path for path in PATHS if path not in ("..", "/")]
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
    _valued("-f", "json", "ndjson", "sarif", "html", "csv", "dot", "mermaid", "svg", "text"),
    _valued("--values", "all", "norms", "none"),
    _valued("-o", "out.txt"),
    _valued("--precision", "1", "3", "17"),
    _valued("--points", "1", "2", "3"),
    _valued("--budget", "0", "0.01", "1e9"),
    _valued("--against", "mine.grad", "data.json"),
    _valued("--oracle", "autograd"),
    *map(_flag, ["--json", "--full", "--rolled", "--finite-diff", "--complex-step", "--steps"]),
    *map(_flag, ["--hint", "--quiet", "--complete", "--help", "--frobnicate", "-j"]),
    _valued("--mode", "reverse", "forward", "both"),
    _valued("--order", "reverse", "dfs"),
    _valued("--notation", "d", "partial", "nabla", "bar", "delta"),
    _valued("--tangent", "data.json"),
    _valued("--vector", "data.json"),
    _valued("--dtype", "float64", "float32", "bfloat16", "float16"),
    _valued("--rtol", "0", "1e-6", "-1"),
    _valued("--atol", "0", "1e-6", "1e400"),
    _valued("--level", "1", "2", "3", "4"),
    _valued("--only", "dL/dW*", "dL/dx", "*"),
    _valued("--of", "y", "h", "L", "h[1]", "z1"),
    _valued("--top", "0", "1", "7"),
    _valued("--reveal", "quiet", "hint", "full"),
    _valued("--rubric", "mine.grad", "data.json", "none.toml"),
    _valued("--time-limit", "20", "5"),
    _valued("--memory-limit", "1000", "1"),
    *map(
        _flag,
        ["--compact", "--why", "--cost", "--saved", "--standalone", "--chain", "--named", "--grad"],
    ),
    *map(_flag, ["--plain", "--seed-per-file", "--one", "--prelude"]),
]
REQUIRED: dict[str, list[Callable[[Random], list[str]]]] = {
    "emit": [_valued("--to", "numpy", "torch", "jax", "python")],
    "paths": [_valued("--from", "x[0]", "x", "W[1, 2]", "h[1][0]", "a")],
}
