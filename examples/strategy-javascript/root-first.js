// A feedback strategy: revises the earliest phase that is at fault and nothing else, because the phases after it do their work again
// anyway. Asks a person if the number of issues does not fall. Pure: the same failure gives the same decision.
import { askAPerson, giveUp, revise } from "./phasegate-plugin/index.js";

export function decide(failure) {
  const { gate, attemptsLeft, issues, mayRevise } = failure;
  if (attemptsLeft === 0) return giveUp(`gate \`${gate}\` failed and no attempt is left`);
  if (mayRevise.length === 0) return askAPerson(`gate \`${gate}\` may send no phase back`);
  const counts = countsSoFar(failure);
  const patience = failure.settings.patience ?? 2;
  if (isStuck(counts, patience)) {
    return askAPerson(`the number of issues of the last attempts does not fall: ${counts.slice(-patience - 1).join(", ")}`);
  }
  const phase = mayRevise.find((phase) => issues.some((issue) => phaseOf(issue, mayRevise) === phase)) ?? mayRevise.at(-1);
  const now = issues.filter((issue) => phaseOf(issue, mayRevise) === phase);
  const later = issues.filter((issue) => !now.includes(issue));
  return revise([{ phase, issueIds: now.map(({ id }) => id), instructions: instructions(failure, now, later) }]);
}

// The number of issues of each attempt, this one last.
function countsSoFar({ history, issues }) {
  return [...history.map((past) => past.issues.length), issues.length];
}

// Whether none of the last attempts has fewer issues than the one before them.
function isStuck(counts, patience) {
  if (counts.length <= patience) return false;
  const [before, ...last] = counts.slice(-patience - 1);
  return before > 0 && last.every((count) => count >= before);
}

// The phase that introduced an issue, or the last one if the gate may not send that phase back.
function phaseOf(issue, mayRevise) {
  return mayRevise.includes(issue.phaseInjected) ? issue.phaseInjected : mayRevise.at(-1);
}

function instructions({ gate, attempt, personWords }, now, later) {
  const lines = [`Gate \`${gate}\` failed at attempt ${attempt}.`];
  lines.push(...now.map(({ id, description }) => `- ${id}: ${description}`));
  if (later.length > 0) {
    const ids = later.map(({ id }) => id).join(", ");
    lines.push(`Issues of later phases wait, because those phases do their work again: ${ids}.`);
  }
  if (personWords) lines.push(`Remark of a person: ${personWords}`);
  return lines.join("\n");
}
