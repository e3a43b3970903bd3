"""A feedback strategy: an issue goes to the phase that introduced it. An issue that came back after that phase revised its work
goes one phase further back each time, and to a person if that did not help either. Pure: the same failure gives the same decision.

Two issues are the same if category, file and the phase that introduced them are: descriptions and lines change from attempt to
attempt.
"""

from phasegate_plugin import AskAPerson, Decision, GateFailure, GiveUp, Issue, Revise, Revision


def decide(failure: GateFailure) -> Decision:
    if failure.attempts_left == 0:
        return GiveUp(f"gate `{failure.gate}` failed and no attempt is left")
    if not failure.may_revise:
        return AskAPerson(f"gate `{failure.gate}` may send no phase back")
    patience = failure.settings.get("patience", 2)
    returns = [(issue, times_seen(issue, failure)) for issue in failure.issues]
    stubborn = [(issue, times) for issue, times in returns if times > patience]
    if stubborn:
        known = "; ".join(f"{issue.id} ({count(times)}): {issue.description}" for issue, times in stubborn)
        return AskAPerson(f"these issues came back more than {count(patience)}: {known}")
    by_phase: dict[str, list[tuple[Issue, int]]] = {}
    for issue, times in returns:
        by_phase.setdefault(phase_for(issue, times, failure.may_revise), []).append((issue, times))
    if not by_phase:
        # Only a person's remark, or a run of tests without issues.
        by_phase[failure.may_revise[-1]] = []
    phases = [phase for phase in failure.may_revise if phase in by_phase]
    return Revise([revision(phase, by_phase[phase], failure) for phase in phases])


def count(times: int) -> str:
    return "1 time" if times == 1 else f"{times} times"


def times_seen(issue: Issue, failure: GateFailure) -> int:
    """How many failed attempts before this one had the issue."""
    return sum(any(identity(old) == identity(issue) for old in past.issues) for past in failure.history)


def identity(issue: Issue) -> tuple[str, str, str]:
    return issue.category, issue.location.path if issue.location else "", issue.phase_injected


def phase_for(issue: Issue, times: int, may_revise: list[str]) -> str:
    """The phase that introduced the issue, as many phases further back as the issue came back."""
    last = len(may_revise) - 1
    start = may_revise.index(issue.phase_injected) if issue.phase_injected in may_revise else last
    return may_revise[max(start - times, 0)]


def revision(phase: str, issues: list[tuple[Issue, int]], failure: GateFailure) -> Revision:
    lines = [f"Gate `{failure.gate}` failed at attempt {failure.attempt}."]
    for issue, times in issues:
        tried = "" if times == 0 else f" It came back {count(times)}: look for its cause, not for its symptom."
        lines.append(f"- {issue.id}: {issue.description}{tried}")
    if failure.person_words is not None:
        lines.append(f"Remark of a person: {failure.person_words}")
    return Revision(phase, [issue.id for issue, _ in issues], "\n".join(lines))
