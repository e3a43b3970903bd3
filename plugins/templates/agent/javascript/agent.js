// An agent: summarises the task in one sentence and lists the questions that it leaves open.
import { Question, artifact, fenced } from "./phasegate-plugin/index.js";

const SYSTEM = "You read tasks for programmers. You answer with one JSON object.";
const FORM = 'Summarise it: {"summary": "one sentence", "questions": ["a question that it leaves open"]}';

// Servers that can hold a model to a schema do so. Models write the members in this order.
const schema = {
  type: "object",
  required: ["questions", "summary"],
  additionalProperties: false,
  properties: {
    questions: { type: "array", items: { type: "string" } },
    summary: { type: "string", minLength: 1, maxLength: 300 },
  },
};

export function run(work) {
  const task = fenced("The task", work.task().description);
  // From the second attempt on: what a gate or a person wants changed.
  const feedback = work.feedbackText();
  const question = new Question("summary", SYSTEM, `${task}\n${feedback}\n${FORM}`, { schema });
  const summary = question.json(findFaults);
  return { artifacts: [artifact("{{snake}}", summary)] };
}

// Returns the faults of an answer, in words that the model can act on: it is asked for one repair.
function findFaults(summary) {
  if (typeof summary?.summary !== "string" || !Array.isArray(summary.questions)) {
    return ["the object must have `summary` and `questions`"];
  }
  const length = summary.summary.trim().length;
  if (length === 0) return ["`summary` is empty"];
  return length > 300 ? [`\`summary\` has ${length} characters, at most 300 are allowed`] : [];
}
