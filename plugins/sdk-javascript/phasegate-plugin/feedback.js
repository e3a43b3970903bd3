// Renders feedback for prompts: every issue in full, every instruction, and people's remarks word for word.

import { isBlank, trimEnd, withoutPrefix } from "./text.js";

/** Renders all feedback of an assignment; empty if there is none. */
export function renderFeedback(items) {
  return items.map(renderItem).join("\n");
}

function renderItem({ source, instructions, issues }) {
  const person = withoutPrefix(source, "person:");
  let out = `## From the gate \`${source}\`\n`;
  if (person !== null) out = `## From a person: ${person}\n`;
  else if (source === "host") out = "## From the host, about an attempt that it rejected\n";
  if (!isBlank(instructions)) out += `${trimEnd(instructions)}\n`;
  return out + issues.map((issue) => `\n${renderIssue(issue)}`).join("");
}

/** Renders one issue of the contract with all its fields. */
export function renderIssue(issue) {
  const { location } = issue;
  const hasLine = location?.line !== null && location?.line !== undefined;
  const fields = [
    ["Where", hasLine ? `${location.path}:${location.line}` : location?.path],
    ["Description", issue.description],
    ["Evidence", issue.evidence],
    ["Impact", issue.impact],
    ["Recommendation", issue.recommendation],
  ];
  const known = fields.filter(([, text]) => typeof text === "string" && !isBlank(text));
  const lines = known.map(([title, text]) => `  ${title}: ${trimEnd(text).replaceAll("\n", "\n    ")}\n`);
  const { id, severity, category, defectType, phaseInjected } = issue;
  return `- ${id} [${severity}] ${category} (${defectType}; injected in ${phaseInjected})\n${lines.join("")}`;
}
