"""Every command and every option says what it does."""

from __future__ import annotations

from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from gradcli.cli import app

COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


PARAMETERS = [
    pytest.param(parameter, id=f"{name}-{parameter.name}")
    for name, command in COMMANDS.items()
    for parameter in command.params
]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_help(name: str) -> None:
    assert COMMANDS[name].help
    found = CliRunner().invoke(app, [name, "--help"])
    assert found.exit_code == 0
    assert "Usage:" in found.stdout


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_a_parameter_has_help(parameter: Any) -> None:
    assert getattr(parameter, "help", None)


SHARED = [
    "--dim",
    "--data",
    "--seed",
    "--layout",
    "--wrt",
    "--format",
    "-f",
    "--json",
    "--output",
    "-o",
    "--precision",
]


@pytest.mark.parametrize("command", ["derive", "check"])
@pytest.mark.parametrize("option", SHARED)
def test_the_options_that_commands_share(command: str, option: str) -> None:
    options = {name for parameter in COMMANDS[command].params for name in parameter.opts}
    assert option in options


def test_the_commands() -> None:
    assert {"derive", "check", "ops", "schema"} <= set(COMMANDS)


def test_no_arguments_show_the_help() -> None:
    found = CliRunner().invoke(app, [])
    assert "derive" in found.output
    assert "check" in found.output
