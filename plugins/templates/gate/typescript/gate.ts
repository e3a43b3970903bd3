// A gate: asks a model which parts of the task are unclear, and reports each as an issue. The host computes the verdict.
import { type Issue, Question, type Submission, type Work, fenced } from "./phasegate-plugin/index.js";

const SYSTEM = "You read tasks for programmers. You answer with one JSON object.";
const FORM = `List what is unclear in it, or nothing:
{"unclear": [{"quote": "words of the task", "question": "what has to be answered", "blocks": true}]}
\`blocks\` is true if the work cannot begin without the answer.`;

// Servers that can hold a model to a schema do so. Models write the members in this order.
const schema = {
  type: "object",
  required: ["unclear"],
  additionalProperties: false,
  properties: {
    unclear: {
      type: "array",
      items: {
        type: "object",
        required: ["quote", "question", "blocks"],
        additionalProperties: false,
        properties: { quote: { type: "string" }, question: { type: "string" }, blocks: { type: "boolean" } },
      },
    },
  },
};

interface Answer {
  unclear: { quote: string; question: string; blocks: boolean }[];
}

export function run(work: Work): Submission {
  const { description } = work.task();
  const question = new Question("unclear", SYSTEM, `${fenced("The task", description)}\n${FORM}`, { schema });
  const { unclear } = question.json<Answer>((answer) => findFaults(answer, description));
  const issues: Issue[] = unclear.map(({ quote, question, blocks }, index) => ({
    id: `unclear-${index + 1}`,
    severity: blocks ? "high" : "low",
    category: "clarity",
    defect_type: "planning_failure",
    // Nothing but the task is at fault, so the issue names this phase.
    phase_injected: work.assignment.phase,
    description: `A part of the task is unclear: ${question}`,
    evidence: `the task says \`${quote}\``,
    impact: "The work rests on a guess.",
    recommendation: "Answer the question in the task.",
  }));
  return { artifacts: [], findings: { issues, reviewers: ["clarity"] } };
}

// Returns the faults of an answer, in words that the model can act on: it is asked for one repair.
function findFaults(answer: Answer, description: string): string[] {
  if (!Array.isArray(answer?.unclear)) return ["the object must have the list `unclear`"];
  return answer.unclear.flatMap(({ quote, question, blocks }) => {
    if (typeof quote !== "string" || typeof question !== "string" || typeof blocks !== "boolean") {
      return ["each element must have `quote`, `question` and `blocks`"];
    }
    return description.includes(quote) ? [] : [`the task does not contain \`${quote}\``];
  });
}
