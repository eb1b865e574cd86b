"""The commands, each imported and built when it is asked for: all of them take as long as NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

# A command's name: the module that it is in, and what it is, which is its help too.
COMMANDS = {
    "derive": ("derive", "The forward listing and the backward table of a model."),
    "jacobian": (
        "views",
        "The matrix of one quantity's entries by another's: value, structure, formula.",
    ),
    "hvp": (
        "views",
        "The Hessian times a vector: the backward listing derived again, step by step.",
    ),
    "hessian": ("views", "The matrix of second derivatives by the entries of one quantity."),
    "paths": (
        "views",
        "Every path of influence from an entry to another, over the model's own equations.",
    ),
    "graph": ("views", "The computational graph: what is computed from what."),
    "check": ("check", "Verify every gradient of a model."),
    "emit": ("emit", "A module that computes the model and its gradients, with loops as loops."),
    "grade": ("grade", "Mark derivations: points for each line of the model's listing."),
    "blank": ("blank", "A sheet to fill in: the derivation with ? in the place of the formulas."),
    "ops": ("ops", "The operations, their shapes, rules and sources."),
    "schema": ("schema", "The JSON Schema of what the commands write with --json."),
}


class Built(Mapping[str, Any]):
    """The commands by name, as typer has them."""

    def __init__(self) -> None:
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            module, about = COMMANDS[name]
            app = typer.Typer(add_completion=False, rich_markup_mode=None)
            app.command(name, help=about)(getattr(import_module(f"gradcli.cli.{module}"), name))
            self._built[name] = typer.main.get_command(app)
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Group(TyperGroup):
    """The command `gradcli` itself."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = Built()  # type: ignore[assignment]  # nothing adds to them

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """What `--help` says of the commands, none of which it needs."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])
