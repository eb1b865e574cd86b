"""The verdicts on a loop's iterations as one verdict on each of its lines."""

from __future__ import annotations

from collections.abc import Sequence

from gradcli.check.derivation.findings import INCONCLUSIVE, RIGHT, UNCHECKED, WRONG, Verdict
from gradcli.check.derivation.line import Line
from gradcli.proof.verdict import weakest
from gradcli.sizes import Size, Sizes
from gradcli.views.cost import total

WORST = (WRONG, INCONCLUSIVE, UNCHECKED, RIGHT)


def merged(lines: Sequence[Line], verdicts: Sequence[Verdict], sizes: Sizes) -> list[Verdict]:
    """One verdict for each line of the text: that of its worst iteration, the first of those.

    Where others are right, or want something else, it is said which one that is.
    """
    groups: dict[object, list[tuple[Line, Verdict]]] = {}
    for place, (line, verdict) in enumerate(zip(lines, verdicts, strict=True)):
        key: object = line.node.name.place if line.node.indices else (place,)
        groups.setdefault(key, []).append((line, verdict))
    return [_one(group)._replace(flops=_flops(group, sizes)) for group in groups.values()]


def _flops(group: Sequence[tuple[Line, Verdict]], sizes: Sizes) -> Size | None:
    """The operations of all iterations, where they are counted."""
    counts = [verdict.flops for _, verdict in group if verdict.flops is not None]
    return total(counts, sizes) if counts else None


def _one(group: Sequence[tuple[Line, Verdict]]) -> Verdict:
    line, worst = min(group, key=lambda found: WORST.index(found[1].verdict))
    if worst.verdict == RIGHT and len(group) > 1:
        worst = worst._replace(proof=weakest(verdict.proof for _, verdict in group))
    if not line.node.indices or worst.verdict != WRONG:
        return worst
    alike = {(v.diagnosis, v.expected) for _, v in group if v.verdict == WRONG}
    if all(v.verdict == WRONG for _, v in group) and len(alike) == 1:
        return worst
    where = ", ".join(f"{name} = {t}" for name, t in line.node.indices)
    return worst._replace(message=f"{worst.message} (at {where})")
