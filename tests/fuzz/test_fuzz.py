"""What gradcli promises holds for mutated input, and the fuzzer notices where it does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from fuzz_cases import KINDS
from fuzz_corpus import SMALL, models
from fuzz_mutate import WORD, in_bytes, mutated
from fuzz_promises import form, kept_by_every_command
from fuzz_run import Broken, Outcome, Play, invoke

from gradcli import parse

FUZZ = Path(__file__).parents[2] / "benchmarks" / "fuzz.py"
SECONDS = 600  # far above what it takes: a guard against what would never end


def fuzz(*asked, keep):
    """What the fuzzer's own process prints, which is under a limit on its memory; its exit code."""
    command = [sys.executable, str(FUZZ), *map(str, asked), "--keep", str(keep)]
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("kind", "first", "cases"),
    [
        ("models", 0, 80),
        ("derivations", 0, 12),
        ("data", 0, 1200),
        ("options", 0, 600),
        ("views", 0, 80),
        ("modules", 0, 160),
        ("marks", 0, 5),
    ],
)
def test_promises_hold(kind, first, cases, tmp_path):
    code, said = fuzz("--kind", kind, "--first", first, "--cases", cases, keep=tmp_path)
    assert code == 0, said[-8000:]
    assert f"{kind}: {cases} cases, 0 broken" in said
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What is shown of case 5 of each kind: with others played before, alone, and by another seed."""
    keep = tmp_path_factory.mktemp("kept")
    found = []
    for asked in (("--first", 4, "--cases", 2), ("--case", 5), ("--case", 5, "--seed", 1)):
        rest, by_kind = fuzz(*asked, "--show", keep=keep)[1], {}
        for kind in KINDS:
            by_kind[kind], _, rest = rest.partition(f"{kind}: ")
        found.append(by_kind)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_is_the_same_each_time(kind, shown):
    """Its number and the seed say all of it: other cases played before change nothing."""
    among, alone, other = (each[kind].partition(" s\n")[2] or each[kind] for each in shown)
    assert "$ gradcli" in alone
    assert alone in among
    assert alone not in other


@pytest.mark.parametrize("number", range(len(SMALL)))
def test_what_is_mutated_is_right(number):
    assert parse(models()[number]).check().verdict in ("pass", "inconclusive")


def test_mutations_change_something():
    text = "input x: [3]\ny = tanh(x) + 1\n"
    assert "".join(WORD.findall(text)) == text
    changed = [mutated(Random(seed), text, [text]) for seed in range(200)]
    assert len(set(changed)) > 100
    assert sum(in_bytes(Random(seed), b"gradcli" * 9) == b"gradcli" * 9 for seed in range(200)) < 10


GOOD = Outcome(("derive", "model.eq"), 0, b"table\n", "")
PLACED = "model.eq:2:5: error: wrong\ny = q\n    ^\n"
ONE_ERROR = Outcome(("derive", "model.eq"), 2, b"", PLACED)
BROKEN = {
    "a code that is none": GOOD._replace(code=1),
    "a defect": ONE_ERROR._replace(errors="error: gradcli itself failed (KeyError: 1)\n"),
    "a defect as data": ONE_ERROR._replace(out=b'{"kind": "defect"}\n'),
    "an error without its code": ONE_ERROR._replace(code=0, out=b"table\n"),
    "a code without its error": ONE_ERROR._replace(errors=""),
    "output beside an error": ONE_ERROR._replace(out=b"table\n"),
    "no output": GOOD._replace(out=b""),
    "an escape": GOOD._replace(out=b"\x1b[31m\n"),
    "a line too far": ONE_ERROR._replace(errors=PLACED.replace(":2:5:", ":4:5:")),
    "a column too far": ONE_ERROR._replace(errors=PLACED.replace(":2:5:", ":2:7:")),
    "a caret beside its place": ONE_ERROR._replace(errors=PLACED.replace("    ^", "   ^")),
    "no caret": ONE_ERROR._replace(errors=PLACED.replace("^", "")),
    "no JSON": GOOD._replace(arguments=("derive", "model.eq", "--json"), out=b"{\n"),
    "NaN in JSON": GOOD._replace(arguments=("ops", "--json"), out=b'{"operations": NaN}\n'),
    "JSON of another schema": GOOD._replace(
        arguments=("ops", "--json"), out=b'{"operations": 1}\n'
    ),
    "no Python": GOOD._replace(arguments=("derive", "model.eq", "-f", "python"), out=b"x = (\n"),
    "a warning": GOOD._replace(errors="RuntimeWarning: divide by zero\n"),
}


@pytest.fixture
def case(tmp_path):
    case = Play(Random(0), tmp_path)
    case.write("model.eq", "input x\ny = q\n")
    return case


def test_what_keeps_the_promises_passes(case):
    kept_by_every_command(case, GOOD)
    kept_by_every_command(case, ONE_ERROR)


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_a_promise_is_noticed(name, case):
    with pytest.raises(Broken):
        kept_by_every_command(case, BROKEN[name])


def test_a_file_left_behind_is_noticed(case):
    case.folder.joinpath(".model.eq.77").touch()
    with pytest.raises(Broken, match="left behind"):
        kept_by_every_command(case, GOOD)


def test_a_changed_input_is_noticed(case):
    case.folder.joinpath("model.eq").write_text("changed")
    with pytest.raises(Broken, match="written to"):
        kept_by_every_command(case, GOOD)


def test_what_follows_two_dashes_is_no_option():
    found = Outcome(("check", "--", "-f", "json", "--json"), 2, b"", ONE_ERROR.errors)
    assert form(found) == "table"
    assert form(found._replace(arguments=("check", "-f", "json", "--"))) == "json"


def test_a_name_that_is_no_text_is_told_as_a_process_would():
    """Standard error takes all: what is no text is an escape there."""
    found = invoke(("derive", "model.eq", "\udcff.eq"))
    assert found.code == 2
    assert r"unexpected extra argument(s) (\udcff.eq)" in found.errors
