"""A feedback strategy: sends all issues to the last phase that the gate may send back, and after `patience` attempts to the
phase before it, and so on. Pure: the same failure gives the same decision."""

from phasegate_plugin import AskAPerson, Decision, GateFailure, GiveUp, Revise, Revision


def decide(failure: GateFailure) -> Decision:
    patience = failure.settings.get("patience", 2)
    if failure.attempts_left == 0:
        return GiveUp(f"gate `{failure.gate}` failed and no attempt is left")
    if not failure.may_revise:
        return AskAPerson(f"gate `{failure.gate}` may send no phase back")
    back = len(failure.history) // patience
    last_first = failure.may_revise[::-1]
    phase = last_first[min(back, len(last_first) - 1)]
    lines = [f"Gate `{failure.gate}` failed:"]
    lines += [f"- {issue.id}: {issue.description}" for issue in failure.issues]
    if failure.person_words is not None:
        lines.append(f"Remark of a person: {failure.person_words}")
    return Revise([Revision(phase, [issue.id for issue in failure.issues], "\n".join(lines))])
