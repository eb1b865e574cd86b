"""What the lines of a derivation hold of the truth, for its marks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gradcli.check.derivation.agreement import vanishing
from gradcli.check.derivation.findings import RIGHT, Credit, Verdict
from gradcli.check.derivation.line import Line
from gradcli.check.derivation.totals import Account


def credit(
    accounts: Iterable[Account], lines: Sequence[Line], verdicts: Sequence[Verdict]
) -> Iterator[Credit]:
    """Each contribution that a line holds, right or wrong.

    A line whose total lacks contributions of other lines holds its own all the same. A contribution
    that is always 0 is held by any right line of its total.
    """
    for account in accounts:
        shares = account.ledger.shares
        held: set[int] = set()
        right: Line | None = None
        for place, entry in account.entries.items():
            verdict, line = verdicts[place], lines[place]
            good = verdict.verdict == RIGHT or bool(verdict.add)
            word = RIGHT if good else verdict.verdict
            right = line if good else right
            held.update(entry.shares)
            for k in entry.shares:
                diagnosis = None if good else verdict.diagnosis
                for row in shares[k].rows:
                    yield Credit(row.eq, row.operand, line.number, word, diagnosis)
        for k, share in enumerate(shares):
            if right is not None and k not in held and vanishing(share.value).all():
                for row in share.rows:
                    yield Credit(row.eq, row.operand, right.number, RIGHT, None)
