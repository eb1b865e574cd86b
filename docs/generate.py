"""Writes the pages that are made from the program, and renews the output shown in the others.

    python docs/generate.py

A test compares the pages with what this would write.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import console
import typer

from gradcli.cli import app
from gradcli.kinds import KINDS
from gradcli.ops import OPERATORS, TABLE, Op
from gradcli.ops.core import GROUPS
from gradcli.render.ops import RESULT, example, signature

ROOT = Path(__file__).parents[1]
WRITTEN_BY_HAND = [
    "README.md",
    "docs/compact.md",
    "docs/emit.md",
    "docs/language.md",
    "docs/promises.md",
    "docs/teaching.md",
    "docs/views.md",
]
GENERATED = "<!-- Written by docs/generate.py from the program itself: edit that. -->\n"


def main() -> None:
    pages = generated()
    for name in WRITTEN_BY_HAND:
        with tempfile.TemporaryDirectory() as folder:
            page = (ROOT / name).read_text(encoding="utf-8")
            pages[name] = console.renewed(page, Path(folder))
    for name, page in pages.items():
        path = ROOT / name
        if not path.exists() or path.read_text(encoding="utf-8") != page:
            path.write_text(page, encoding="utf-8")
            print(f"{name} is new")


def generated() -> dict[str, str]:
    """The pages that are written whole."""
    return {
        "docs/commands.md": commands(),
        "docs/errors.md": errors(),
        "docs/examples.md": examples(),
        "docs/operations.md": operations(),
    }


# ── the examples ──


FIELDS = {
    "": "Lecture slides, and what is often derived by hand",
    "vision": "Vision",
    "language": "Language",
    "sequence": "Sequences",
    "probability": "Probability",
    "kernels": "Kernels",
    "graphs": "Graphs",
    "physics": "Physics",
    "learning": "Ways to learn",
}


ABOUT_EXAMPLES = """\
Each is a model that `gradcli derive`, `check` and the other commands take as it is. What it says of
itself, and where it is from, stands in its first comment. All are checked here, against models
written once more by hand and differentiated by another program.
"""


def examples() -> str:
    """The models in `examples/`, by field: what each is, and its source, in its first comment."""
    lines = [
        GENERATED,
        "# The examples\n",
        ABOUT_EXAMPLES,
    ]
    for folder, title in FIELDS.items():
        lines += [f"## {title}\n", "| | |", "|---|---|"]
        for path in sorted((ROOT / "examples" / folder).glob("*.eq")):
            where = path.relative_to(ROOT).as_posix()
            lines.append(f"| [{path.stem}](../{where}) | {said(path)} |")
        lines.append("")
    return "\n".join(lines)


def said(path: Path) -> str:
    """A model's first comment, as one line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comment = itertools.takewhile(lambda line: line.startswith("#"), lines)
    return " ".join(line.removeprefix("#").strip() for line in comment).replace("|", "\\|")


# ── the commands ──


def commands() -> str:
    group: Any = typer.main.get_command(app)
    return "\n".join([GENERATED, *_commands(group)]) + "\n"


def _commands(group: Any) -> Iterator[str]:
    yield "# The commands\n"
    yield f"{group.help}\n"
    yield (
        "Data goes to standard output; messages, progress and errors go to standard error. "
        "Exit codes:\n0, all holds; 1, a check failed; 2, the command or its input is wrong; "
        "3, a check is inconclusive.\n"
    )
    yield from _parameters(group)
    for name, command in group.commands.items():
        arguments = "".join(
            f" {p.metavar}" for p in command.params if not p.opts[0].startswith("-")
        )
        yield f"## gradcli {name}{arguments} [OPTIONS]\n"
        yield f"{command.help}\n"
        yield from _parameters(command)


def _parameters(command: Any) -> Iterator[str]:
    yield "| | |"
    yield "|---|---|"
    for p in command.params:
        yield f"| {_spelling(p)} | {_cell(p.help or '')}{_default(p)} |"
    yield ""


def _is_argument(p: Any) -> bool:
    return not p.opts[0].startswith("-")


def _spelling(p: Any) -> str:
    if _is_argument(p):
        return f"`{p.metavar.strip('[]')}`"
    value = ""
    if not p.is_flag:
        choices = getattr(p.type, "choices", None)
        value = " " + ("\\|".join(map(str, choices)) if choices else p.metavar or "")
    return ", ".join(f"`{option}{value}`" for option in reversed(p.opts))


def _default(p: Any) -> str:
    if p.default is None or p.default is False or _is_argument(p):
        return ""
    default = f"{p.default:,}" if isinstance(p.default, int) else str(p.default)
    return f" (default: {default})"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


# ── the errors ──


def errors() -> str:
    return "\n".join([GENERATED, *_errors()]) + "\n"


def _errors() -> Iterator[str]:
    yield "# The kinds of errors\n"
    yield (
        "Each error has one of these kinds, which `--json`, SARIF and `GradError.kind` state.\n"
        "A program may rely on a kind; the messages are for people and may change.\n"
    )
    yield "| kind | what is wrong |"
    yield "|---|---|"
    yield from (f"| `{kind}` | {_cell(what)} |" for kind, what in KINDS.items())


# ── the operations ──


def operations() -> str:
    return "\n".join([GENERATED, *_operations()]) + "\n"


def _operations() -> Iterator[str]:
    yield "# The operations\n"
    yield (
        "Each with its rules, which are printed at the shapes of an example, and with the source "
        "of the rule;\n`z` is the result. `gradcli ops NAME` shows the same for one.\n"
    )
    for group in GROUPS:
        yield f"## {group.capitalize()}\n"
        yield "| operation | in numerator layout | in denominator layout | source |"
        yield "|---|---|---|---|"
        for op in TABLE.values():
            if op.group == group:
                yield f"| {' | '.join(_operation(op))} |"
        yield ""


def _operation(op: Op) -> Iterator[str]:
    shown = example(op)
    written = signature(op)
    others = [f"`{name}`" for name in (*op.aliases, *_symbols(op)[1:])]
    also = f" (also {', '.join(others)})" if others else ""
    at_work = "" if shown.equation == f"{RESULT} = {written}" else f"<br>`{shown.equation}`"
    yield f"**`{written}`**{also}<br>{_cell(op.about)}{at_work}"
    smooth = [rule for rule in shown.rules if rule.numerator and rule.denominator]
    for layout in ("numerator", "denominator"):
        rules = [
            f"`{rule.target(layout)} {rule.assign} {getattr(rule, layout)}`" for rule in smooth
        ]
        yield "<br>".join(rules) or "no gradient flows"
    yield _cell(op.cite) + (f"<br>{_cell(op.kink)}" if op.kink else "")


def _symbols(op: Op) -> list[str]:
    return [symbol for (symbol, _), name in OPERATORS.items() if name == op.name]


if __name__ == "__main__":
    main()
