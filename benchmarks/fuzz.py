"""Mutated models, derivations, data files and options: what gradcli promises must hold for each.

The tests run a few thousand; for a night:

    python benchmarks/fuzz.py --cases 1000000 --seed 7

A case depends on its kind, the seed and its number alone. What breaks a promise is kept in a folder
with its files and commands, and `--kind KIND --seed S --case N` plays it again.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import shutil
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "fuzz"))

from fuzz_cases import KINDS, play
from fuzz_run import Broken, limit_memory, prepare


def main() -> None:
    asked = _arguments()
    faulthandler.enable()
    limit_memory()
    prepare()
    kinds = [asked.kind] if asked.kind else list(KINDS)
    numbers = (
        [asked.case] if asked.case is not None else range(asked.first, asked.first + asked.cases)
    )
    broken = 0
    for kind in kinds:
        start = time.process_time()
        found = sum(not keeps(kind, number, asked) for number in numbers)
        broken += found
        seconds = time.process_time() - start
        print(f"{kind}: {len(numbers)} cases, {found} broken, {seconds:.1f} s", flush=True)
    raise SystemExit(1 if broken else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kind", choices=KINDS, help="one kind of cases; all of them by default")
    parser.add_argument("--cases", type=int, default=1000, help="how many of each kind")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", type=int, help="play this one alone")
    parser.add_argument("--show", action="store_true", help="show each case's files and commands")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-found"), help="where failures go")
    return parser.parse_args()


def keeps(kind: str, number: int, asked: argparse.Namespace) -> bool:
    """Play a case. Its folder stays where a promise is broken, or where the process dies in it."""
    folder = (asked.keep / f"{kind}-{asked.seed}-{number}").resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    case = play(kind, asked.seed, number, folder)
    said = None
    try:
        KINDS[kind](case)
    except Broken as error:
        said = str(error)
    except Exception:  # noqa: BLE001  # whatever the case itself trips over is a finding too
        said = traceback.format_exc()
    if number % 100 == 0:
        gc.collect()  # a command turns the collector off, for it is a process of its own
    if asked.show:
        print(*(f"{name}: {raw!r}" for name, raw in case.files.items()), sep="\n")
        print(*(f"$ {plain(command)}" for command in case.commands), sep="\n")
    if said is None:
        shutil.rmtree(folder)
        return True
    again = f"python benchmarks/fuzz.py --kind {kind} --seed {asked.seed} --case {number} --show"
    text = "\n".join([*(f"$ {command}" for command in case.commands), said, "", again, ""])
    (folder / "found.txt").write_text(text, encoding="utf-8", errors="backslashreplace")
    print(f"── {folder}", plain(text), sep="\n", flush=True)
    return False


def plain(text: str) -> str:
    """A text that any terminal and any log can take."""
    return text.encode("ascii", "backslashreplace").decode()


if __name__ == "__main__":
    main()
