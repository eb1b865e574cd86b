"""Graphs: each form read back has every edge, rightly directed."""

from __future__ import annotations

import json
import re
import time
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from support import EXAMPLES
from typer.testing import CliRunner
from valid import valid

import gradcli
from gradcli.cli import app
from gradcli.render.lanes import SIGNS, TAPPED
from gradcli.views.layers import lay_out

NAMES = sorted(path.stem for path in EXAMPLES.glob("*.eq"))
WAYS = [
    {"named": named, "rolled": rolled, "grad": grad}
    for grad in (False, True)
    for rolled in (False, True)
    for named in (False, True)
]
WAY_IDS = ["-".join(name for name, on in way.items() if on) or "whole" for way in WAYS]
LOOPS = """
dim T = 4, L = 2
param W[1..L]: [3, 3], V: [3, 3]
input x[1..T]: [3]
for t in 1..T:
    h[0, t] = x[t] * t
for l in 1..L:
    h[l, 0] = zeros(3)
    for t in 1..T:
        h[l, t] = tanh(W[l] @ h[l, t-1] + V @ h[l-1, t])
loss E = sum(sum(square(h[L, t])) / t for t in 1..T)
"""
UNLIKE = """
dim T = 5
input x[1..T]: [3]
for t in 1..T:
    y[t] = sum(x[k] for k in 1..t) * 2
loss E = sum(sum(y[t] * y[1]) for t in 1..T)
"""


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
    valid("graph", document)
    names = {node["name"]: f"n{k}" for k, node in enumerate(document["nodes"])}
    assert sorted((names[e["from"]], names[e["to"]]) for e in document["edges"]) == expected
    assert load(name).graph(**way).to_svg() == found.to_svg()


@pytest.mark.parametrize("model", [LOOPS, UNLIKE], ids=["loops", "unlike"])
def test_loops_in_loops_have_every_edge_too(model):
    for way in WAYS:
        found = gradcli.parse(model).graph(**way)
        assert from_dot(found.to_dot()) == from_mermaid(found.to_mermaid()) == edges(found)
        assert from_svg(found.to_svg()) == edges(found)
        order = {node.name: k for k, node in enumerate(found.nodes)}
        assert all(order[e.tail] < order[e.head] for e in found.edges)


@pytest.mark.parametrize("way", WAYS[:4], ids=WAY_IDS[:4])
@pytest.mark.parametrize(
    "name", ["rnn", "graph", "activation", "mlp", "lstm", "gru", "matmul", "shared"]
)
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


def clusters_of_dot(text):
    """Which clusters each node stands in, from the outermost."""
    around, found = [], {}
    for line in text.splitlines():
        if "subgraph" in line:
            around.append(None)
        elif line.strip().startswith("label="):
            around[-1] = line.strip()[7:-2]
        elif line.strip() == "}" and around:
            around.pop()
        elif at := re.match(r" +(n\d+) \[", line):
            found[at[1]] = list(around)
    return found


def clusters_of_mermaid(text):
    around, found = [], {}
    for line in text.splitlines():
        if at := re.match(r' +subgraph c\d+ \["(.*)"\]', line):
            around.append(at[1])
        elif line.strip() == "end":
            around.pop()
        elif "-->" not in line and (at := re.match(r" +(n\d+)", line)):
            found[at[1]] = list(around)
    return found


@pytest.mark.parametrize("named", [False, True])
def test_every_iteration_is_a_cluster_with_its_nodes(named):
    found = gradcli.parse(LOOPS).graph(named=named)
    expected = {f"n{k}": list(node.cluster) for k, node in enumerate(found.nodes)}
    assert ["l = 1", "t = 3"] in expected.values()
    assert clusters_of_dot(found.to_dot()) == expected
    assert clusters_of_mermaid(found.to_mermaid()) == expected
    drawn = {e.get("id"): e for e in ET.fromstring(found.to_svg()).iter() if e.get("id")}
    assert {name: drawn[name].get("data-cluster", "") for name in expected} == {
        name: ", ".join(around) for name, around in expected.items()
    }
    text = found.to_text()
    assert re.search(r"^[│ ]+ l = 1, t = 3:$", text, re.MULTILINE)
    computed = {edge.head for edge in found.edges}
    titles = {node.text: node.cluster for node in found.nodes if node.name in computed}
    around = ""
    for line in text.splitlines():
        words = line.lstrip("│ •└┴┘┼─" + "".join(SIGNS.values()))
        if words.endswith(":"):
            around = words[:-1]
        elif titles.get(words):
            assert ", ".join(titles[words]) == around


def test_what_flows_into_a_folded_loop_is_the_gradient():
    session = load("rnn").derive().session
    for named in (False, True):
        found = load("rnn").graph(rolled=True, grad=True, named=named)
        flows = {e.tail: e.gradient for e in found.edges if e.head == "loop 2"}
        for name in ("W_i", "W_h", "W_o"):
            assert np.allclose(flows[name], session.backward.totals[name], rtol=1e-12)
        family = [session.backward.totals[f"x[{t}]"] for t in (1, 2, 3)]
        assert np.linalg.norm(flows["x"]) == pytest.approx(np.linalg.norm(family), rel=1e-12)
        assert flows["y_hat"] is None  # no gradient flows to a const


def test_a_region_that_is_split_flows_whole():
    model = "input X: [6]\nfor t in 0..3:\n    y[t] = X[t : t + 3] * (t + 1)\ngiven dL/dy\n"
    session = gradcli.parse(model).derive().session
    found = gradcli.parse(model).graph(grad=True)
    flows = {e.head: e.gradient for e in found.edges if e.tail == "X"}
    assert len(flows) == 4
    for t, gradient in enumerate(flows.values()):
        expected = np.linalg.norm(session.given[f"y[{t}]"]) * (t + 1)
        assert np.linalg.norm(gradient) == pytest.approx(expected, rel=1e-12)


def test_an_lstm_is_drawn_within_50_ms():
    model = load("lstm")
    for form in ("to_text", "to_dot", "to_mermaid", "to_svg"):
        times = []
        for _ in range(3):
            begin = time.process_time()
            getattr(model.graph(), form)()
            times.append(time.process_time() - begin)
        assert min(times) < 0.05, form


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


@pytest.mark.parametrize("name", ["graph", "rnn", "attention", "lstm"])
def test_labels_lie_on_nothing_else(name):
    """Each gradient in a drawing has a place to itself, on its own edge."""
    boxes, labels, ways = [], [], []
    for e in ET.fromstring(load(name).graph(grad=True).to_svg()).iter():
        if e.get("class") == "edge":
            numbers = list(map(float, re.findall(r"[-\d.e]+", e.get("d"))))
            ways.append(set(zip(numbers[::2], numbers[1::2], strict=True)))
        elif e.get("class") == "back":
            labels.append((float(e.get("x")), float(e.get("y")), 6.6 * len(e.text), 12))
        elif e.get("class") == "shape":
            x, y, width, height = (float(e.get(key)) for key in ("x", "y", "width", "height"))
            boxes.append((x + width / 2, y + height / 2, width, height))
    assert labels
    for i, (x, y, width, height) in enumerate(labels):
        assert sum((x, y) in way for way in ways) == 1
        for u, v, w, h in (*boxes, *labels[:i]):
            assert abs(y - v) >= (height + h) / 2 or abs(x - u) >= (width + w) / 2 - 0.1


@pytest.mark.parametrize("options", [{}, {"named": True}, {"grad": True}], ids=str)
@pytest.mark.parametrize("model", [LOOPS, EXAMPLES / "rnn.eq", EXAMPLES / "scanning_mlp.eq"])
def test_a_frame_holds_its_iteration_and_nothing_else(model, options):
    """Frames lie in each other as loops do; an edge bends where it leaves a box's row."""
    opened = gradcli.parse(model) if isinstance(model, str) else gradcli.load(str(model))
    frames, nodes, ends, titles, last = [], {}, {}, {}, ""
    for e in ET.fromstring(opened.graph(**options).to_svg()).iter():
        tag, kind = e.tag.partition("}")[2], e.get("class")
        if kind in ("frame", "shape"):
            x, y, width, height = (float(e.get(key)) for key in ("x", "y", "width", "height"))
            box = (x, y, x + width, y + height)
            if kind == "frame":
                frames.append((width * height, e.get("data-title"), box))
            else:
                nodes[last] = box
        elif kind == "edge":
            numbers = list(map(float, re.findall(r"[-\d.e]+", e.get("d"))))
            ends[e.get("data-from"), e.get("data-to")] = numbers[:2], numbers[-2:]
        elif tag == "g":
            last = e.get("id")
            titles[last] = e.get("data-cluster", "")
    assert frames
    for name, box in nodes.items():
        around = [(size, title) for size, title, frame in frames if within(box, frame)]
        assert ", ".join(title for _, title in sorted(around, reverse=True)) == titles[name]
        assert all(within(box, f) or apart(box, f) for _, _, f in frames)
    for i, (_, _, one) in enumerate(frames):
        for _, _, other in frames[:i]:
            assert within(one, other) or apart(one, other)
    for (tail, head), (first, last_point) in ends.items():
        left, _, right, bottom = nodes[tail]
        assert left <= first[0] <= right
        assert first[1] == pytest.approx(bottom, abs=0.1)
        left, top, right, _ = nodes[head]
        assert left <= last_point[0] <= right
        assert last_point[1] == pytest.approx(top, abs=0.1)


def within(one, other):
    return all(a >= b for a, b in zip(one[:2], other[:2], strict=True)) and all(
        a <= b for a, b in zip(one[2:], other[2:], strict=True)
    )


def apart(one, other):
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
