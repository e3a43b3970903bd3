// SDK for Phasegate plugins in JavaScript. README.md of the package contains a complete plugin.

import "./globals.js";

export { applyDiff, applyEdits, keepForm } from "./edits/index.js";
export { unified } from "./diff.js";
export { BenchError, BuildErrors, Failure, ToolError } from "./failure.js";
export { askAPerson, exportAgent, exportRunner, exportStrategy, giveUp, revise } from "./exports.js";
export { renderFeedback, renderIssue } from "./feedback.js";
export { toFindings, toIssue, toJsonIssue } from "./findings.js";
export { faults, log, progress, runTests } from "./host.js";
export { Prompt, fenced, fencedNamed } from "./prompt.js";
export { Question, askAll, askAllSettled } from "./question.js";
export { Repository } from "./repository.js";
export { Sections } from "./sections.js";
export { Work, artifact } from "./work.js";
