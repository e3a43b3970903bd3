"""An agent: for each requirement it asks for inputs at its boundary, all questions at once, and then compares the answers:
requirements that expect different things of one input contradict each other, which no single answer can show.
"""

from phasegate_plugin import Failure, Question, Submission, Work, artifact, ask_all, fenced, log

SYSTEM = "You look for the inputs at which programs go wrong. You answer with one JSON object."
TEXT = {"type": "string", "minLength": 1}
CASE = {
    "type": "object",
    "required": ["input", "expected", "why"],
    "additionalProperties": False,
    "properties": {"input": TEXT, "expected": TEXT, "why": TEXT},
}
# Servers that can hold a model to a schema do so. Models write the members in this order.
SCHEMA = {
    "type": "object",
    "required": ["cases"],
    "additionalProperties": False,
    "properties": {"cases": {"type": "array", "minItems": 1, "items": CASE}},
}
# Words that say nothing a test could compare with.
VAGUE = ("correct", "properly", "as expected", "gracefully", "it works", "should work")


def run(work: Work) -> Submission:
    task = work.task()
    if not task.requirements:
        raise Failure.bad_input("task_requirements", "the task has no requirements")
    most = work.settings.get("most_per_requirement", 3)
    numbers = [f"R{number}" for number in range(1, len(task.requirements) + 1)]
    about = fenced("The task", task.description)
    feedback = work.feedback_text()
    questions = []
    for number, requirement in zip(numbers, task.requirements):
        ask = f'At most {most} inputs at its boundary: {{"cases": [{{"input": "…", "expected": "…", "why": "…"}}]}}'
        user = f"{about}\n{fenced(f'Requirement {number}', requirement)}\n{feedback}\n{ask}"
        questions.append(Question(f"edge-cases/{number}", SYSTEM, user, schema=SCHEMA))
    answers = ask_all(questions, lambda answer: find_faults(answer, most))
    cases = [{"requirement": number, **case} for number, answer in zip(numbers, answers) for case in answer["cases"]]
    contradictions = find_contradictions(cases)
    log(f"{len(cases)} cases, {len(contradictions)} contradictions")
    return Submission([artifact("edge_cases", {"cases": cases, "contradictions": contradictions})])


def find_faults(answer, most: int) -> list[str]:
    """The faults of an answer, in words that the model can act on: it is asked for one repair."""
    cases = answer.get("cases")
    if not isinstance(cases, list) or not 1 <= len(cases) <= most:
        return [f"`cases` must be a list of 1 to {most}"]
    faults = []
    for place, case in enumerate(cases, 1):
        if not isinstance(case, dict) or set(case) != {"input", "expected", "why"}:
            faults.append(f"case {place} must have `input`, `expected` and `why`")
            continue
        vague = [word for word in VAGUE if word in str(case["expected"]).lower()]
        if vague:
            faults.append(f"case {place}: `{vague[0]}` says nothing; write the exact result, or the error")
    return faults


def find_contradictions(cases: list[dict]) -> list[dict]:
    """The inputs of which requirements expect different things, in the order of the first of them."""
    by_input: dict[str, dict[str, str]] = {}
    for case in cases:
        by_input.setdefault(case["input"].strip(), {})[case["requirement"]] = case["expected"].strip()
    return [
        {"input": given, "expected": expected}
        for given, expected in by_input.items()
        if len(set(expected.values())) > 1
    ]
