// A feedback strategy: sends all issues to the last phase that the gate may send back, and after `patience` attempts to the
// phase before it, and so on. Pure: the same failure gives the same decision.
import { askAPerson, giveUp, revise } from "./phasegate-plugin/index.js";

export function decide(failure) {
  const { gate, issues, mayRevise, history } = failure;
  const patience = failure.settings.patience ?? 2;
  if (failure.attemptsLeft === 0) return giveUp(`gate \`${gate}\` failed and no attempt is left`);
  if (mayRevise.length === 0) return askAPerson(`gate \`${gate}\` may send no phase back`);
  const back = Math.floor(history.length / patience);
  const phase = mayRevise[Math.max(mayRevise.length - 1 - back, 0)];
  const lines = [`Gate \`${gate}\` failed:`, ...issues.map((issue) => `- ${issue.id}: ${issue.description}`)];
  if (failure.personWords) lines.push(`Remark of a person: ${failure.personWords}`);
  return revise([{ phase, issueIds: issues.map((issue) => issue.id), instructions: lines.join("\n") }]);
}
