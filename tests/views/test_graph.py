"""Graphs: each form read back has every edge, rightly directed."""

from __future__ import annotations

import json
import re
import time
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator
from support import EXAMPLES
from typer.testing import CliRunner

import gradcli
from gradcli.cli import app
from gradcli.render.graph import SIGNS, TAPPED
from gradcli.schema import schema_of
from gradcli.views.layers import lay_out

NAMES = sorted(path.stem for path in EXAMPLES.glob("*.eq"))
WAYS = [{}, {"named": True}, {"rolled": True}, {"grad": True}]
WAY_IDS = ["whole", "named", "rolled", "grad"]


def run(*arguments, text=None):
    return CliRunner().invoke(app, [*map(str, arguments)], input=text)


def load(name):
    return gradcli.load(str(EXAMPLES / f"{name}.eq"))


def edges(found):
    order = {node.name: f"n{k}" for k, node in enumerate(found.nodes)}
    return sorted((order[e.tail], order[e.head]) for e in found.edges)


def from_text(found):
    """The edges of the lanes, by the texts of the nodes in their order."""
    lanes, lines = {}, []
    ids = {}
    for k, node in enumerate(found.nodes):
        ids.setdefault(node.text.split("\n")[0], []).append(f"n{k}")
    signs = "".join(SIGNS.values())
    for line in found.to_text().splitlines():
        at = next((i for i, c in enumerate(line) if c in signs and i % 2 == 0), None)
        if at is None or (set(line[:at]) - set("│ •└┴┘┼─")):
            continue
        words = line[_end(line, at) :].partition("   ←")[0].strip()
        node = ids[words].pop(0)
        joined = [i for i in range(0, len(line), 2) if _connected(line, i, at)]
        for i in joined:
            if line[i] in f"{TAPPED}└┴┘":
                lines.append((lanes[i], node))
                if line[i] != TAPPED:
                    del lanes[i]
        lanes[at] = node
    return sorted(lines)


def _end(line, at):
    while at < len(line) and line[at] in "".join(SIGNS.values()) + "│ •└┴┘┼─":
        at += 1
    return at


def _connected(line, i, at):
    low, high = sorted((i, at))
    return i != at and "─" * ((high - low + 1) // 2) == line[low + 1 : high + 1 : 2]


def from_dot(text):
    return sorted(re.findall(r"^  (n\d+) -> (n\d+)", text, re.MULTILINE))


def from_mermaid(text):
    return sorted(re.findall(r"^  (n\d+) -->(?:\|[^|]*\|)? (n\d+)$", text, re.MULTILINE))


def from_svg(text):
    tree = ET.fromstring(text)
    ways = [e for e in tree.iter() if e.get("class") == "edge"]
    for way in ways:  # downwards, from the tail's lower side to the head's upper side
        points = [float(n) for n in re.findall(r"-?[\d.]+(?:e-?\d+)?", way.get("d"))]
        assert points[1] < points[-1]
    return sorted((e.get("data-from"), e.get("data-to")) for e in ways)


@pytest.mark.parametrize("way", WAYS, ids=WAY_IDS)
@pytest.mark.parametrize("name", NAMES)
def test_every_form_has_every_edge(name, way):
    found = load(name).graph(**way)
    expected = edges(found)
    assert expected
    assert from_dot(found.to_dot()) == expected
    assert from_mermaid(found.to_mermaid()) == expected
    assert from_svg(found.to_svg()) == expected
    document = json.loads(found.to_json())
    Draft202012Validator(schema_of("graph")).validate(document)
    names = {node["name"]: f"n{k}" for k, node in enumerate(document["nodes"])}
    assert sorted((names[e["from"]], names[e["to"]]) for e in document["edges"]) == expected
    assert load(name).graph(**way).to_svg() == found.to_svg()


@pytest.mark.parametrize("way", WAYS[:3], ids=WAY_IDS[:3])
@pytest.mark.parametrize("name", ["graph", "activation", "mlp", "lstm", "gru", "matmul", "shared"])
def test_the_lanes_have_every_edge(name, way):
    found = load(name).graph(**way)
    assert from_text(found) == edges(found)


def test_the_edges_are_those_of_the_program():
    found = load("lstm").graph()
    program = load("lstm").derive().session.program
    used = {(arg, step.name) for step in program.steps for arg in step.operands()}
    shown = {(e.tail, e.head.removesuffix(" =")) for e in found.edges if e.tail != e.head[:-2]}
    own = {(f"{name} =", name) for name in {s.name for s in program.steps}}
    assert {(t, h) for t, h in shown if (t, h) not in own} == used


def test_the_gradients_on_the_edges_add_up():
    found = load("graph").graph(named=True, grad=True)
    flows = {(e.tail, e.head): e.gradient.item() for e in found.edges}
    assert flows == {("a", "c"): 3, ("b", "c"): 3, ("b", "d"): 5, ("c", "e"): 3, ("d", "e"): 5}


def test_clusters_are_iterations_and_a_rolled_loop_is_one_box():
    text = load("rnn").graph().to_dot()
    assert [line.strip() for line in text.splitlines() if 'label="t = ' in line][:3] == [
        'label="t = 1";', 'label="t = 2";', 'label="t = 3";'
    ]  # fmt: skip
    assert text.count("{") == text.count("}")
    rolled = load("rnn").graph(rolled=True)
    assert sum(node.kind == "loop" for node in rolled.nodes) == 2


def test_boxes_do_not_overlap_and_an_lstm_is_laid_out_quickly():
    found = load("lstm").graph().found
    sizes = {node.name: (10.0 * len(node.text), 20.0) for node in found.nodes}
    pairs = [(e.tail, e.head) for e in found.edges]
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        laid = lay_out(sizes, pairs)
        times.append(time.perf_counter() - begin)
    assert min(times) < 0.2  # 50 ms on a machine that does nothing else
    boxes = list(laid.boxes.values())
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            apart = abs(a.x - b.x) >= (a.width + b.width) / 2 - 1e-6
            assert apart or abs(a.y - b.y) >= (a.height + b.height) / 2 - 1e-6


def test_a_page_needs_nothing_else_and_escapes_what_comes_from_a_model(tmp_path):
    path = tmp_path / "<b>&.eq"
    path.write_text("input x\ny = where(x < 1, x, 2)\ngiven dL/dy\n")
    page = run("graph", path, "-f", "html").stdout
    assert "<b>" not in page
    assert not re.search(r"(?:src|href)=|url\((?!#)", page)
    assert "&lt; 1" in page
    assert '"' in run("graph", path, "-f", "dot").stdout


def test_what_does_not_go_together_is_said():
    found = run("graph", EXAMPLES / "rnn.eq", "--rolled", "--named")
    assert found.exit_code == 2
    assert "does not go with --named" in found.stderr
