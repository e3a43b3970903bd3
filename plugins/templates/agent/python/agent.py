"""An agent: summarises the task in one sentence and lists the questions that it leaves open."""

from phasegate_plugin import Question, Submission, Work, artifact, fenced

SYSTEM = "You read tasks for programmers. You answer with one JSON object."
FORM = 'Summarise it: {"summary": "one sentence", "questions": ["a question that it leaves open"]}'
# Servers that can hold a model to a schema do so. Models write the members in this order.
SCHEMA = {
    "type": "object",
    "required": ["questions", "summary"],
    "additionalProperties": False,
    "properties": {
        "questions": {"type": "array", "items": {"type": "string"}},
        "summary": {"type": "string", "minLength": 1, "maxLength": 300},
    },
}


def run(work: Work) -> Submission:
    task = fenced("The task", work.task().description)
    # From the second attempt on: what a gate or a person wants changed.
    feedback = work.feedback_text()
    question = Question("summary", SYSTEM, f"{task}\n{feedback}\n{FORM}", schema=SCHEMA)
    summary = question.json(find_faults)
    return Submission([artifact("{{snake}}", summary)])


def find_faults(summary) -> list[str]:
    """The faults of an answer, in words that the model can act on: it is asked for one repair."""
    if not isinstance(summary, dict) or set(summary) != {"summary", "questions"}:
        return ["the object must have `summary` and `questions`"]
    length = len(str(summary["summary"]).strip())
    if length == 0:
        return ["`summary` is empty"]
    if length > 300:
        return [f"`summary` has {length} characters, at most 300 are allowed"]
    return []
