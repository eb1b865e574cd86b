"""The numerical check of a session's gradients: one function, from a session to a report."""

from __future__ import annotations

from collections.abc import Callable

from gradcli.check.finite import check_variable
from gradcli.check.result import Report
from gradcli.session import Session


def check(
    session: Session, progress: Callable[[int, int], None] = lambda done, total: None
) -> Report:
    """Verify the gradient of every wanted input."""
    items = [item for item in session.program.inputs if item.name in session.derivation.wrt]
    total = sum(session.inputs[item.name].size for item in items)
    done = 0
    results = []
    for item in items:
        before = done
        results.append(check_variable(session, item, lambda n, b=before: progress(b + n, total)))
        done += session.inputs[item.name].size
    return Report(
        session.program.source.name,
        session.derivation.layout,
        "finite-diff",
        tuple(results),
    )
