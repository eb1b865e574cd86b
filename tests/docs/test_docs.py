"""The pages say what the program does: their commands are run, and the generated ones are current."""

import re
import sys
from itertools import zip_longest
from math import isclose
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

import console  # noqa: E402
import generate  # noqa: E402

from gradcli.check.gradients.judge import REASONS  # noqa: E402
from gradcli.render.hints import HINTS  # noqa: E402
from gradcli.session import Request, run  # noqa: E402

PAGES = ["README.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").glob("*.md"))]
WORST = re.compile(r"( pass .*)\[\d+(?:, \d+)*\]$")  # which entry is off most: rounding decides
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def differ(said, found):
    """Whether two lines differ in more than the last digits of their numbers, or their spacing."""
    said, found = (WORST.sub(r"\1[]", line.rstrip()) for line in (said, found))
    if " ".join(NUMBER.sub("#", said).split()) != " ".join(NUMBER.sub("#", found).split()):
        return True
    pairs = zip(NUMBER.findall(said), NUMBER.findall(found), strict=True)
    return not all(isclose(float(a), float(b), rel_tol=2e-3, abs_tol=1e-5) for a, b in pairs)


def disagreement(expected, found):
    """The first line that a page shows otherwise than it is; `…` stands for any number of lines."""
    if "…" in expected:
        at = expected.index("…")
        tail = len(expected) - at - 1
        expected = expected[:at] + expected[at + 1 :]
        found = found[:at] + found[len(found) - tail :]
    for said, line in zip_longest(expected, found, fillvalue="(nothing)"):
        if differ(said, line):
            return f"the page has\n    {said}\nbut it is\n    {line}"
    return None


@pytest.mark.parametrize("name", PAGES)
def test_commands_print_what_the_page_shows(name, tmp_path):
    console.prepare(tmp_path)
    skipped = []
    for block in console.blocks(read(name)):
        if block.name:
            (tmp_path / block.name).write_text(block.text, encoding="utf-8")
        if block.language != "console":
            continue
        if lacking := console.missing(block.text):
            skipped += lacking
            continue
        for command, expected in console.commands(block.text):
            while expected and not expected[-1]:
                expected.pop()
            problem = disagreement(expected, console.run(command, tmp_path))
            assert problem is None, f"{name}: $ {command}\n{problem}"
    if skipped:
        pytest.skip(f"the rest of {name} needs {', '.join(sorted(set(skipped)))}")


@pytest.mark.parametrize("name", [name for name in PAGES if "```pycon" in read(name)])
def test_sessions_print_what_the_page_shows(name, tmp_path):
    console.prepare(tmp_path)
    assert not console.session(read(name), tmp_path)


def models():
    for name in PAGES:
        for number, block in enumerate(console.blocks(read(name)), 1):
            if block.language == "eq":
                yield pytest.param(block.text, id=f"{name}-{block.name or number}")


@pytest.mark.parametrize("text", list(models()))
def test_every_model_shown_derives(text, tmp_path):
    path = tmp_path / "model.eq"
    path.write_text(text, encoding="utf-8")
    assert run(str(path), Request()).derivation.rows


def test_a_model_shown_is_the_example_it_is_said_to_be():
    shown = next(b.text for b in console.blocks(read("README.md")) if not b.language)
    example = read("examples/simple_mlp.eq")
    assert shown.strip() == "\n".join(l for l in example.splitlines() if l[:1] != "#").strip()  # noqa: E741


@pytest.mark.parametrize(("name", "page"), list(generate.generated().items()), ids=lambda x: x[:20])
def test_generated_pages_are_current(name, page):
    assert read(name) == page, "run `python docs/generate.py`"


def test_every_option_is_described():
    page = generate.commands()
    assert "| `--" in page
    for line in page.splitlines():
        if line.startswith("| `"):
            assert len(line.split(" | ")[1].strip(" |")) > 5, f"no help: {line}"


def test_every_command_is_in_the_readme():
    for heading in re.findall(r"^## gradcli (\w+)", generate.commands(), re.MULTILINE):
        assert f"gradcli {heading}" in read("README.md"), heading


def test_every_example_is_in_the_readme():
    for path in (ROOT / "examples").glob("*.eq"):
        assert f"](examples/{path.name})" in read("README.md"), path.name


def constant(name):
    """A constant of the program, in whichever of the loaded modules it stands."""
    loaded = [vars(m) for n, m in sys.modules.items() if re.match(r"gradcli\.(?!check)", n)]
    found = {module[name] for module in loaded if name in module}
    assert len(found) == 1, f"{name}: {found}"
    return found.pop()


@pytest.mark.parametrize(
    ("limit", "form", "names"),
    [
        ("the file", "{} MiB, {:,} words and signs", ["MAX_BYTES", "MOST_WORDS"]),
        ("data as JSON", "{} MiB; larger arrays come in `.npz`", ["MOST_JSON"]),
        ("equations, loops unrolled", "{:,}", ["MOST_STEPS"]),
        ("members of a declared family", "{:,}", ["MOST_MEMBERS"]),
        ("operands of one operation", "{:,}", ["MOST_OPERANDS"]),
        ("axes of an array", "{}", ["MOST_AXES"]),
        ("digits of a number", "{}", ["LONGEST_NUMERAL"]),
        ("a size", "{:.0e}, {} terms, powers up to {}", ["LARGEST", "MOST_TERMS", "MOST_POWER"]),
        ("operations in an op's own rule", "{:,}", ["LONGEST_RULE"]),
    ],
)
def test_the_limits_are_those_of_the_program(limit, form, names):
    run(str(ROOT / "examples" / "graph.eq"), Request())  # loads what the constants stand in
    limits = read("docs/language.md").partition("## Limits\n")[2]
    stated = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", limits, re.MULTILINE))
    values = [constant(name) for name in names]
    if form.startswith("{} MiB"):
        values[0] //= 2**20
    assert stated[limit] == form.format(*values).replace("1e+", "10^")


def test_the_limits_of_nesting_and_of_elements_are_those_of_the_program():
    limits = read("docs/language.md").partition("## Limits\n")[2]
    assert f"inside each other, lists in lists | {constant('DEEPEST')} |" in limits
    assert f"one array | {Request().max_elements:,}, or `--max-elements` |" in limits
    assert constant("MOST_ARRAYS") == 2
    assert "all arrays | twice as many |" in limits


def test_every_diagnosis_and_reason_is_explained():
    page = read("docs/checking.md")
    for name in (*HINTS, *REASONS, "nothing-checked"):
        assert f"`{name}`" in page, name
    named = set(
        re.findall(
            r"^\| `([a-z-]+)` \|", page.partition("| diagnosis | for instance |")[2], re.MULTILINE
        )
    )
    assert named == set(HINTS) - {"unknown"}


@pytest.mark.parametrize("name", [*PAGES, "CHANGELOG.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(name):
    page = read(name)
    anchors = {
        re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-")
        for h in re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)\s]+)\)", page):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif "://" not in target:
            assert (ROOT / name).parent.joinpath(target.partition("#")[0]).exists(), target


def test_continuous_integration_runs_the_commands_of_the_readme():
    shown = [b.text.strip() for b in console.blocks(read("README.md")) if b.language == "sh"]
    assert len(shown) == 2
    assert "derive examples/" in shown[0]
    assert "pytest" in shown[1]
    lines = read(".ci/run").splitlines()
    assert all(command in lines for command in shown)
