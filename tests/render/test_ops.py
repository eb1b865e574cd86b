"""`gradcli ops`: every operation of the table, with nothing kept by hand."""

from __future__ import annotations

import json

import pytest
from listings import plain
from typer.testing import CliRunner

from gradcli.cli import app
from gradcli.errors import GradError
from gradcli.ops import FUNCTIONS, OPERATORS, TABLE, Op
from gradcli.ops.core import GROUPS
from gradcli.ops.prelude import TEXT
from gradcli.render.ops import document, example, find, sections


@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
def test_every_operation_has_an_example_and_its_sources(op: Op) -> None:
    shown = example(op)
    flows = [rule.numerator for rule in shown.rules if rule.numerator is not None]
    assert bool(flows) == (op.differentiable and bool(shown.rules))
    text = plain(sections([op]))
    assert op.cite in text
    assert op.kink in text
    assert op.about in text
    assert all(formula in text for formula in flows)


@pytest.mark.parametrize(
    ("name", "equation", "rules"),
    [
        ("matmul", "z = A @ B", [("B @ dL/dz", "dL/dz @ B.T"), ("dL/dz @ A", "A.T @ dL/dz")]),
        ("mul", "z = x * y", [("dL/dz * y.T", "dL/dz * y"), ("dL/dz * x.T", "dL/dz * x")]),
        ("tanh", "z = tanh(x)", [("dL/dz * (1 - z^2).T", "dL/dz * (1 - z^2)")]),
        ("sum", "z = sum(x)", [("broadcast(dL/dz, [M, N])", "broadcast(dL/dz, [N, M])")]),
        (
            "where",
            "z = where(c, a, b)",
            [(None, None), *[("where(c.T, dL/dz, 0)", "where(c, dL/dz, 0)")]],
        ),
    ],
)
def test_rules_in_both_layouts(name: str, equation: str, rules: list[tuple[str, str]]) -> None:
    shown = example(TABLE[name])
    assert shown.equation == equation
    found = [(rule.numerator, rule.denominator) for rule in shown.rules]
    assert found[: len(rules)] == rules


@pytest.mark.parametrize("known", [*TABLE, *FUNCTIONS, *(symbol for symbol, _ in OPERATORS), ".T"])
def test_an_operation_is_found_by_each_of_its_names(known: str) -> None:
    assert find(known)


def test_operations_are_listed_by_groups_that_are_all_known() -> None:
    assert {op.group for op in TABLE.values()} == set(GROUPS)
    titles = [section.title for section in sections(list(TABLE.values()))]
    assert titles == [group.capitalize() for group in GROUPS]


def test_a_symbol_of_two_operations_finds_both() -> None:
    assert [op.name for op in find("-")] == ["sub", "neg"]


@pytest.mark.parametrize(("name", "hint"), [("tanhh", "tanh"), ("cross_entropy", "--prelude")])
def test_an_unknown_name(name: str, hint: str) -> None:
    with pytest.raises(GradError) as error:
        find(name)
    assert hint in (error.value.hint or "")
    result = CliRunner().invoke(app, ["ops", name])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert hint in result.stderr


def test_json() -> None:
    result = CliRunner().invoke(app, ["ops", "--json"])
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found == json.loads(json.dumps(document(list(TABLE.values()))))
    assert [record["name"] for record in found["operations"]] == list(TABLE)


def test_the_listing_names_all() -> None:
    result = CliRunner().invoke(app, ["ops"])
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert all(op.cite in result.stdout for op in TABLE.values())


@pytest.mark.parametrize("more", ["tanh", "--json"])
def test_the_prelude_is_one_text(more: str) -> None:
    found = CliRunner().invoke(app, ["ops", "--prelude", more])
    assert found.exit_code == 2
    assert "--prelude goes with --output alone" in found.output


def test_the_prelude_is_printed() -> None:
    printed = CliRunner().invoke(app, ["ops", "--prelude"])
    assert printed.stdout == TEXT
