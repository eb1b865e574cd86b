"""What docs/promises.md states, where a single command can show it; the fuzzer tries the rest."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gradcli.cli.output import FAILED, INCONCLUSIVE, OK, WRONG

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "promises.md"
LSTM = str(ROOT / "examples" / "lstm.eq")
MINE = str(ROOT / "examples" / "course" / "lstm.grad")

# Runs a command and says, as JSON on its last line of standard error, what it did to the machine.
WATCHED = """
import json, os, sys
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
REACHES = {"socket", "subprocess", "urllib", "ftplib", "smtplib", "webbrowser", "pickle", "shutil", "tempfile"}
CHANGES = "system exec posix_spawn spawn fork forkpty startfile kill remove rename mkdir rmdir chmod link symlink truncate utime"
CHANGES = {"os." + name for name in CHANGES.split()}
seen = []

def watch(event, arguments):
    if event == "open" and not (arguments[2] or 0) & WRITES:
        return
    if event == "open" and arguments[0] in (0, 1, 2):
        return  # a standard stream, under another name
    if event == "open" or event in CHANGES or event.partition(".")[0] in REACHES:
        seen.append([event, *map(str, arguments)])

from gradcli.cli import run
sys.argv = ["gradcli", *sys.argv[1:]]
sys.addaudithook(watch)
code = run()
print(json.dumps([code, seen]), file=sys.stderr)
"""


def gradcli(*arguments, script=("-m", "gradcli"), **environment):
    return subprocess.run(
        [sys.executable, *script, *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )


def watched(*arguments):
    """The exit code of a command, and each file that it wrote, program that it ran, and the like."""
    done = gradcli(*arguments, script=("-c", WATCHED), PYTHONDONTWRITEBYTECODE="1")
    code, seen = json.loads(done.stderr.splitlines()[-1])
    return code, seen


def test_the_exit_codes_are_those_of_the_program():
    table = PAGE.read_text(encoding="utf-8").partition("| code | means |")[2].partition("\n\n")[0]
    stated = {
        int(code): text for code, text in re.findall(r"^\| (\d+) \| (.*) \|$", table, re.MULTILINE)
    }
    assert list(stated) == [OK, FAILED, WRONG, INCONCLUSIVE, 130]
    for code, word in (
        (OK, "holds"),
        (FAILED, "failed"),
        (WRONG, "wrong"),
        (INCONCLUSIVE, "inconclusive"),
    ):
        assert word in stated[code]


COMMANDS = {
    "derive": ["derive", LSTM, "--json"],
    "derive, as code": ["derive", LSTM, "-f", "python"],
    "derive, as a table": ["derive", LSTM],
    "check": ["check", LSTM, "--json", "--points", "2", "--steps"],
    "check a derivation": ["check", LSTM, "--against", MINE, "--json"],
    "ops": ["ops", "--json"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_around_a_command_changes_its_output(name, tmp_path):
    surroundings = [
        {"PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        {
            "PYTHONHASHSEED": "2",
            "LC_ALL": "C",
            "TZ": "Asia/Tokyo",
            "HOME": str(tmp_path),
            "NO_COLOR": "1",
        },
    ]
    one, two = (gradcli(*COMMANDS[name], **around) for around in surroundings)
    assert one.stdout
    assert one.stdout == two.stdout
    assert one.returncode == two.returncode


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_writes_no_file_and_starts_and_sends_nothing(name):
    code, seen = watched(*COMMANDS[name])
    assert code in (0, 1)
    assert seen == []


def test_the_output_is_the_only_file_that_is_written(tmp_path):
    out = tmp_path / "out.json"
    code, seen = watched("derive", LSTM, "--json", "-o", out)
    assert code == 0
    assert seen
    for event, *arguments in seen:
        named = [Path(text) for text in arguments if text.startswith("/")]
        # A file of another name stands beside it until all is written.
        assert all(path.parent == tmp_path for path in named), (event, named)
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_the_watch_sees_what_it_watches_for(tmp_path):
    script = WATCHED.replace(
        "code = run()", "import os; os.system('true'); open(sys.argv[1], 'w'); code = 0"
    )
    done = gradcli(tmp_path / "new", script=("-c", script))
    assert [event for event, *_ in json.loads(done.stderr.splitlines()[-1])[1]] == [
        "os.system",
        "open",
    ]


def test_pickled_objects_are_refused_and_not_made(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    model = tmp_path / "model.eq"
    np.savez(tmp_path / "data.npz", x=np.array([Trap()], dtype=object))
    np.save(tmp_path / "w.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    model.write_text('const w: [1] = file("w.npy")\ninput x: [1]\nloss L = sum(x * w)\n')
    for arguments in ([], ["--data", tmp_path / "data.npz"]):
        code, seen = watched("derive", model, *arguments)
        assert (code, seen) == (2, [])
    assert not (tmp_path / "made").exists()


NAMES = [
    "np",
    "run",
    "lambda",
    "import",
    "exec",
    "print",
    "None",
    "__import__",
    "tanh_",
    "sum_",
    "self",
    "é",
    "σ",
    "json",
    "sys",
]


def test_names_of_a_model_stay_names_in_the_code_that_is_made_of_it(tmp_path):
    """Whatever they mean in Python: in the check's code, and in the module that derive writes."""
    model = tmp_path / "model.eq"
    terms = " + ".join(f"tanh({name}) * {i}" for i, name in enumerate(NAMES, 1))
    model.write_text(f"input {', '.join(NAMES)}\nloss class = {terms}\n", encoding="utf-8")
    always_compiled = "import gradcli.check.gradients.probe as p; p.WORTH_COMPILING = 0\n"
    script = always_compiled + "import sys\nfrom gradcli.cli import run\n"
    script += "sys.argv = ['gradcli', *sys.argv[1:]]\nraise SystemExit(run())"
    done = gradcli("check", model, script=("-c", script))
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    shown = json.loads(gradcli("derive", model, "--json").stdout)["gradients"]
    module = gradcli("derive", model, "-f", "python").stdout.decode()
    ran = gradcli(script=("-c", module))
    computed = json.loads(ran.stdout)
    assert list(computed) == list(shown)
    for name, found in shown.items():
        assert np.ravel(computed[name]) == pytest.approx(np.ravel(found["value"]))
