// An agent: writes the message of a commit from its diff. A model chooses the words; that the message has the usual form and speaks
// only of what is in the diff is checked here.
import { Failure, Question, artifact, fencedNamed } from "./phasegate-plugin/index.js";

const TYPES = ["feat", "fix", "refactor", "perf", "test", "docs", "build", "chore"];
const WIDTH = 72;
const SYSTEM = "You write commit messages: what changed and why, in plain words. You answer with one JSON object.";
// Servers that can hold a model to a schema do so. Models write the members in this order.
const schema = {
  type: "object",
  required: ["why", "type", "subject", "body"],
  additionalProperties: false,
  properties: {
    why: { type: "string" },
    type: { enum: TYPES },
    subject: { type: "string" },
    body: { type: "string" },
  },
};

export function run(work) {
  const diffs = work.contextFiles().filter(({ path }) => /\.(diff|patch)$/.test(path));
  if (diffs.length === 0) throw new Failure("no context file is a diff: add one to `context_files` of the task");
  const text = diffs.map((diff) => diff.text).join("\n");
  const files = changedFiles(text);
  if (files.length === 0) throw new Failure(`\`${diffs[0].path}\` has no line \`+++ b/PATH\`: write it with \`git diff\``);
  const most = work.settings().subject_length ?? 60;
  const form =
    `Write its message: {"why": "the reason", "type": "${TYPES.join("|")}", "subject": "at most ${most} characters, ` +
    `in the imperative, no full stop", "body": "one or two sentences"}. Put names of the code into backquotes.`;
  const parts = [...diffs.map(({ path, text }) => fencedNamed("A diff", path, text)), work.feedbackText(), form];
  const answer = new Question("commit-message", SYSTEM, parts.join("\n"), { schema }).json((answer) =>
    findFaults(answer, text, most),
  );
  const message = `${answer.type}: ${answer.subject}\n\n${wrap(answer.body)}\n`;
  return { artifacts: [artifact("commit_message", { message, files })] };
}

// Returns the paths of a diff. One of a deleted file is `+++ /dev/null`, so that its old path counts.
export function changedFiles(diff) {
  const paths = [...diff.matchAll(/^(?:\+\+\+ b|--- a)\/(.+)$/gm)].map(([, path]) => path.trim());
  return [...new Set(paths)].sort();
}

// Returns the faults of an answer, in words that the model can act on: it is asked for one repair.
export function findFaults({ type, subject, body }, diff, most) {
  if ([type, subject, body].some((text) => typeof text !== "string")) return ["all members must be texts"];
  const faults = [];
  if (!TYPES.includes(type)) faults.push(`\`type\` must be one of ${TYPES.join(", ")}`);
  if (subject.length === 0 || subject.length > most) {
    faults.push(`\`subject\` has ${subject.length} characters, 1 to ${most} are allowed`);
  }
  if (subject.includes("\n") || subject.endsWith(".")) faults.push("`subject` must be one line without a full stop");
  for (const [, name] of `${subject}\n${body}`.matchAll(/`([^`\n]+)`/g)) {
    if (!diff.includes(name)) faults.push(`the diff does not contain \`${name}\``);
  }
  return faults;
}

// Breaks a text into lines of at most 72 characters, as far as its words allow.
export function wrap(text) {
  const lines = [""];
  for (const word of text.split(/\s+/).filter((word) => word !== "")) {
    const longer = lines.at(-1) === "" ? word : `${lines.at(-1)} ${word}`;
    if (longer.length <= WIDTH || lines.at(-1) === "") lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.join("\n");
}
