"""The folder that an autograder takes: the model, the rubric, and the scripts that mark."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from gradcli.errors import GradError
from gradcli.program import FromFile, Program
from gradcli.version import __version__

MODEL, RUBRIC, DATA = "model.eq", "rubric.toml", "data"

SETUP = """#!/usr/bin/env bash
# Makes the image in which submissions are marked.
set -euo pipefail
apt-get update && apt-get install -y python3 python3-pip python3-venv
python3 -m venv /opt/gradcli
/opt/gradcli/bin/pip install {requirement}
"""

# Gradescope: this folder is /autograder/source, and the script is copied to /autograder.
GRADESCOPE = """#!/usr/bin/env bash
# Marks one submission and writes results/results.json.
set -uo pipefail
root="$(cd "$(dirname "${{BASH_SOURCE[0]}}")" && pwd)"
export PATH="$PATH:/opt/gradcli/bin"
mkdir -p "$root/results"
gradcli grade "$root/source/{model}" "$root/submission" --one --format gradescope {options} \\
    --output "$root/results/results.json"
"""

# PrairieLearn: the question's tests folder is /grade/tests, the student's files are /grade/student.
PRAIRIELEARN = """#!/usr/bin/env bash
# Marks one submission and writes results/results.json.
set -uo pipefail
root="${{GRADE_ROOT:-/grade}}"
export PATH="$PATH:/opt/gradcli/bin"
mkdir -p "$root/results"
gradcli grade "$root/tests/{model}" "$root/student" --one --format prairielearn {options} \\
    --output "$root/results/results.json"
"""

PLACES = {"gradescope": "$root/source", "prairielearn": "$root/tests"}
SCRIPTS = {
    "gradescope": {"setup.sh": SETUP, "run_autograder": GRADESCOPE},
    "prairielearn": {"setup.sh": SETUP, "run.sh": PRAIRIELEARN},
}


def write(
    folder: str,
    platform: str,
    program: Program,
    rubric: str | None,
    data: str | None,
    options: Sequence[str],
) -> list[str]:
    """Write the folder, and return the files in it. Raises GradError.

    options: those of the marking, as the command takes them. An existing file is never replaced.
    """
    files = _copied(program, rubric, data)
    place = PLACES[platform]
    words = [shlex.quote(option) for option in options]
    if rubric:
        words.append(f'--rubric "{place}/{RUBRIC}"')
    if data:
        words.append(f'--data "{place}/{DATA}{Path(data).suffix}"')
    for name, text in SCRIPTS[platform].items():
        requirement = shlex.quote(f"gradcli=={__version__}")
        made = text.format(model=MODEL, options=" ".join(words), requirement=requirement)
        files[name] = made.replace("  \\\n", " \\\n").encode()
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        taken = [name for name in files if (target / name).exists()]
        if taken:
            raise GradError(
                f"{folder}: there is a {taken[0]} already",
                hint="name a new folder",
                kind="unreadable-file",
            )
        for name, content in files.items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(content)
            if name in SCRIPTS[platform]:
                (target / name).chmod(0o755)
    except OSError as error:
        message = (error.strerror or str(error)).lower()
        raise GradError(f"{folder}: {message}", kind="unreadable-file") from None
    return sorted(files)


def _copied(program: Program, rubric: str | None, data: str | None) -> dict[str, bytes]:
    """The model with the arrays that it reads, the rubric, the data."""
    files = {MODEL: program.source.text[1:-1].encode()}
    beside = Path(program.source.name).parent
    wanted = {
        item.value.path: beside / item.value.path
        for item in program.inputs
        if isinstance(item.value, FromFile)
    }
    if rubric:
        wanted[RUBRIC] = Path(rubric)
    if data:
        wanted[f"{DATA}{Path(data).suffix}"] = Path(data)
    for name, path in wanted.items():
        try:
            files[name] = path.read_bytes()
        except OSError as error:
            message = (error.strerror or str(error)).lower()
            raise GradError(f"{path}: {message}", kind="unreadable-file") from None
    return files
