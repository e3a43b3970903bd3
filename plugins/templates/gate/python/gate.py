"""A gate: asks a model which parts of the task are unclear, and reports each as an issue. The host computes the verdict."""

from phasegate_plugin import Findings, Issue, Question, Submission, Work, fenced

SYSTEM = "You read tasks for programmers. You answer with one JSON object."
FORM = """List what is unclear in it, or nothing:
{"unclear": [{"quote": "words of the task", "question": "what has to be answered", "blocks": true}]}
`blocks` is true if the work cannot begin without the answer."""
# Servers that can hold a model to a schema do so. Models write the members in this order.
UNCLEAR = {
    "type": "object",
    "required": ["quote", "question", "blocks"],
    "additionalProperties": False,
    "properties": {"quote": {"type": "string"}, "question": {"type": "string"}, "blocks": {"type": "boolean"}},
}
SCHEMA = {
    "type": "object",
    "required": ["unclear"],
    "additionalProperties": False,
    "properties": {"unclear": {"type": "array", "items": UNCLEAR}},
}


def run(work: Work) -> Submission:
    description = work.task().description
    user = f"{fenced('The task', description)}\n{FORM}"
    question = Question("unclear", SYSTEM, user, schema=SCHEMA)
    answer = question.json(lambda answer: find_faults(answer, description))
    issues = [
        Issue(
            id=f"unclear-{number}",
            severity="high" if unclear["blocks"] else "low",
            category="clarity",
            defect_type="planning_failure",
            # Nothing but the task is at fault, so the issue names this phase.
            phase_injected=work.assignment.phase,
            description=f"A part of the task is unclear: {unclear['question']}",
            evidence=f"the task says `{unclear['quote']}`",
            impact="The work rests on a guess.",
            recommendation="Answer the question in the task.",
        )
        for number, unclear in enumerate(answer["unclear"], 1)
    ]
    return Submission([], Findings(issues=issues, reviewers=["clarity"]))


def find_faults(answer, description: str) -> list[str]:
    """The faults of an answer, in words that the model can act on: it is asked for one repair."""
    if not isinstance(answer, dict) or not isinstance(answer.get("unclear"), list):
        return ["the object must have the list `unclear`"]
    faults = []
    for unclear in answer["unclear"]:
        if not isinstance(unclear, dict) or set(unclear) != {"quote", "question", "blocks"}:
            faults.append("each element must have `quote`, `question` and `blocks`")
        elif unclear["quote"] not in description:
            faults.append(f"the task does not contain `{unclear['quote']}`")
    return faults
