"""What proofs and other sizes add to the check of a person's derivation: an LSTM's 57 lines.

    python benchmarks/proof_cost.py [--times N]

Milliseconds of CPU, the least of some times: by numbers alone, with proofs, and at other sizes too.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

from gradcli.check.derivation.exact import Exact
from gradcli.check.derivation.resized import Sizes
from gradcli.check.derivation.review import check
from gradcli.check.derivation.sheet import Sheet
from gradcli.ops.core import Array
from gradcli.program import Program
from gradcli.render.grad import lines
from gradcli.session import Request, bind, parse_file, parse_text, run

MODEL = str(Path(__file__).parent.parent / "examples" / "lstm.eq")


def without(self: Exact, sheet: Sheet) -> None:
    """Exact evaluation of nothing."""
    self.sheet, self.germs, self.reason = sheet, [], "not asked for"


def seconds(own: str, proofs: bool, sizes: bool) -> float:
    start = time.process_time()
    parsed = parse_file(MODEL)
    program, data = bind(parsed, Request())

    def resized(dims: Mapping[str, int]) -> tuple[Program, Mapping[str, Array]]:
        return bind(parsed, Request(dims=dims))

    theirs = parse_text("own.grad", own, "derivation", program.loss)
    with patch.object(Exact, "__init__", Exact.__init__ if proofs else without):
        report = check(theirs, program, data, others=Sizes(resized, 0) if sizes else None)
    assert report.ok
    assert len(report.proven) == (len(report.lines) if proofs else 0)
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    times = parser.parse_args().times
    own = "".join(lines(run(MODEL, Request())))
    seconds(own, proofs=True, sizes=True)  # what is loaded and compiled the first time
    least = [
        min(seconds(own, proofs, sizes) for _ in range(times)) * 1000
        for proofs, sizes in ((False, False), (True, False), (True, True))
    ]
    print(f"numbers {least[0]:.0f} ms, proofs {least[1] - least[0]:+.0f} ms, "
          f"other sizes {least[2] - least[1]:+.0f} ms")  # fmt: skip


if __name__ == "__main__":
    main()
