"""The numerical check of a session's derivatives: from a session to a report."""

from __future__ import annotations

from gradcli.check.gradients.alone import check_ops
from gradcli.check.gradients.checker import BOTH, COMPLEX, FINITE, Checker, Clock, Progress
from gradcli.check.gradients.points import points
from gradcli.check.gradients.proven import Resize, proofs, proven_elsewhere, with_proof
from gradcli.check.gradients.proven import notes as proof_remarks
from gradcli.check.gradients.result import FAIL, Report, Result
from gradcli.check.gradients.summary import merged
from gradcli.check.gradients.surrogates import surrogates
from gradcli.record import Record
from gradcli.session import Session


class Options(Record):
    """How to check.

    method: BOTH, FINITE or COMPLEX. points: at how many points. steps: whether every intermediate
    derivative is checked too. budget: seconds, None for all the time it takes. seed: of samples.
    """

    method: str = BOTH
    points: int = 1
    steps: bool = False
    budget: float | None = None
    seed: int = 0


def quiet(done: int, total: int) -> None:
    """Show no progress."""


def check(
    session: Session,
    options: Options | None = None,
    progress: Progress = quiet,
    resize: Resize | None = None,
) -> Report:
    """Verify a session's gradients, and every intermediate derivative where that is asked for.

    resize: the model at other sizes, at which what is proven is tried too.
    """
    options = options or Options()
    notes: list[str] = []
    results: dict[str, Result] = {}
    steps: dict[str, Result] = {}
    dot: Result | None = None
    names = session.derivation.wrt
    inner = intermediate(session) if options.steps else []
    sessions = list(points(session, options.points, options.seed, notes))
    entries = sum(session.backward.totals[name].size for name in [*names, *inner])
    count = len(sessions) * (len(names) + len(inner))
    clock = Clock(options.budget, entries * len(sessions), progress, count)
    for number, at in enumerate(sessions, 1):
        checker = Checker(at, options.method, clock, options.seed)
        for kept, wanted in ((results, names), (steps, inner)):
            for result in checker.results(wanted):
                kept[result.name] = merged(kept.get(result.name), result._replace(point=number))
        if options.method != FINITE:
            for result in checker.dot_product():
                dot = merged(dot, result._replace(point=number))
    proof_notes: list[str] = []
    if options.budget is None or not clock.spent():
        for name, proof in proofs(session, (*names, *inner), options.seed).items():
            kept = results if name in results else steps
            kept[name] = with_proof(kept[name], proof)
        if resize is not None:
            for kept in (results, steps):
                told = proven_elsewhere(list(kept.values()), session, resize, options.seed)
                kept.update((result.name, result) for result in told)
        proof_notes = list(proof_remarks([*results.values(), *steps.values()]))
    ops = tuple(check_ops(session, options.method, options.seed))
    if wrong := next((name for name in inner if steps[name].verdict == FAIL), None):
        notes.append(_first_wrong(session, wrong))
    taken = sorted({step.call.op.name for step in surrogates(session) if step.call.op.body})
    if taken:
        notes.append(f"{', '.join(taken)}: a surrogate, whose rule is taken as it is stated")
    sampled = [name for name in names if results[name].checked < results[name].entries]
    if sampled:
        notes.append(
            f"within {options.budget:g} s only a sample was checked of {', '.join(sampled[:5])}"
            + (f" and {len(sampled) - 5} more" if len(sampled) > 5 else "")
        )
    notes += proof_notes
    return Report(
        session.program.source.name,
        session.derivation.layout,
        options.method,
        tuple(results[name] for name in names),
        tuple(steps[name] for name in inner),
        ops,
        dot,
        tuple(notes),
    )


def _first_wrong(session: Session, name: str) -> str:
    """Where the first wrong derivative comes from: the equations that use its variable."""
    users = [
        f"{eq}. {step.text}"
        for eq, step in enumerate(session.program.steps, 1)
        if name in step.args
    ]
    return f"the first wrong derivative is dL/d{name}; it comes from {', '.join(users[-3:])}"


def intermediate(session: Session) -> list[str]:
    """The steps whose derivatives are computed, from the last to the first.

    Where a derivative is given of what only constants reach, nothing is derived from it or added.
    """
    derivation = session.derivation
    flows = {name for row in derivation.rows for name in (row.target, derivation.step(row).name)}
    wanted = flows - set(derivation.wrt)
    return [step.name for step in reversed(session.program.steps) if step.name in wanted]


__all__ = ["BOTH", "COMPLEX", "FINITE", "Options", "check", "intermediate"]
