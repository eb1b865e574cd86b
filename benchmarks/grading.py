"""How long `gradcli grade` takes for a class: 300 submissions of an LSTM's first 30 lines.

Each submission is the listing with one line spoilt, another one for each, and every tenth is right.

    python benchmarks/grading.py [--submissions N]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gradcli.render.grad import lines
from gradcli.session import Request, run

MODEL = Path(__file__).parent.parent / "examples" / "lstm.eq"
LINES = 30
SPOILT = ("-({})", "2 * ({})", "({}).T", "({}) / 3")
RIGHT = 10  # one of so many


def submissions(count: int) -> list[str]:
    """Derivations as text, each with a head that states the layout."""
    session = run(str(MODEL), Request())
    whole = "".join(lines(session)).splitlines()
    steps = [i for i, line in enumerate(whole) if line.startswith("dL/d")][:LINES]
    kept = whole[: steps[-1] + 1]
    found = []
    for number in range(count):
        text = list(kept)
        if number % RIGHT:
            at = steps[number % len(steps)]
            target, assign, formula = text[at].split(" ", 2)
            spoilt = SPOILT[number // len(steps) % len(SPOILT)].format(formula)
            text[at] = f"{target} {assign} {spoilt}"
        found.append("\n".join(text) + "\n")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=300)
    count = parser.parse_args().submissions
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(submissions(count)):
            (Path(folder) / f"{number:03}.grad").write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "gradcli", "grade", str(MODEL), folder, "--format", "csv"]
        start = time.monotonic()
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{count} submissions of {LINES} lines: {used.ru_utime + used.ru_stime:.1f} s of CPU, "
          f"{seconds:.1f} s in all")  # fmt: skip


if __name__ == "__main__":
    main()
