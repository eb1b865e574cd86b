"""Every view keeps to a terminal of 80 columns, and breaks no formula but at its operators."""

from __future__ import annotations

import itertools
import re

import pytest
from support import EXAMPLES
from typer.testing import CliRunner

from gradcli.cli import app
from gradcli.render.folding import cell_width

WIDE = [
    "derive language/makemore.eq --order dfs",
    "derive sequence/kalman.eq --order dfs",
    "derive language/word2vec.eq --mode both",
    "derive vision/conv_relu_pool.eq --mode both",
    "derive kernels/gaussian_process.eq --mode forward",
    "derive sequence/ctc.eq --rolled",
    "hvp learning/maml.eq",
    "hessian graphs/graph_convolution.eq --wrt W_1",
    "hessian attention.eq --wrt V",
    "jacobian language/makemore.eq --of L --wrt C --chain",
    "jacobian probability/coupling_flow.eq --of z --wrt W_1 --chain",
    "paths sequence/ctc.eq --from logits[0,0]",
    "graph lstm_two_steps.eq --named --grad",
    "graph mlp.eq --named --grad",
]


def shown(line: str, **environment: str) -> list[str]:
    command, model, *options = line.split()
    arguments = [command, str(EXAMPLES / model), *options]
    found = CliRunner().invoke(app, arguments, env=environment)
    assert found.exit_code == 0, found.stderr
    return found.stdout.splitlines()


@pytest.mark.parametrize("line", WIDE)
def test_a_view_keeps_to_eighty_columns(line: str) -> None:
    lines = shown(line, COLUMNS="80")
    assert max(map(cell_width, lines)) <= 80


def test_visits_stand_in_as_deep_as_they_are_in_little_room_too() -> None:
    line = "derive graphs/graph_convolution.eq --order dfs"

    def depths(lines: list[str]) -> list[int]:
        found = [re.match(r" *\d+ ▸? *(?=dL/d)", each) for each in lines]
        return [each.end() for each in found if each]

    wide, narrow = depths(shown(line)), depths(shown(line, COLUMNS="80"))
    assert len(set(narrow)) > 3
    pairs = sorted(zip(wide, narrow, strict=True))
    assert all(one <= other for (_, one), (_, other) in itertools.pairwise(pairs))


def test_a_path_is_folded_before_its_arrows_and_its_factors_before_their_dots() -> None:
    lines = shown("paths sequence/ctc.eq --from logits[0,0] --top 2", COLUMNS="80")
    assert not any(re.search(r"[→·]( {2,}|$)", line) for line in lines)


def test_a_picture_leaves_out_what_rounding_leaves_of_a_0() -> None:
    lines = shown("jacobian graphs/graph_attention.eq --of y --wrt W")
    at = lines.index("Value")
    rows = [line.split() for line in lines[at + 2 : at + 10]]
    assert any("≈0" in row for row in rows)
    picture = lines[lines.index("Where it is not 0") + 3 :][:8]
    for row, signs in zip(rows, picture, strict=True):
        assert [text not in ("0", "≈0") for text in row] == [s == "█" for s in signs.strip()]
