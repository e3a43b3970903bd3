// The exports of a component. `component.js` of a plugin gives them its functions and the imports of its world.

import { logCrash } from "./crash.js";
import { Failure, BenchError, BuildErrors } from "./failure.js";
import { toFindings } from "./findings.js";
import { setComponent, use } from "./host.js";
import { encode } from "./utf8.js";
import { Work, settingsOf } from "./work.js";

/** The most calls that a logged error names. */
const MAX_CALLS = 50;

/** Exports an agent: a function from the work of one attempt to a submission. */
export function exportAgent(run, imports) {
  const agent = functionOf(run, "exportAgent");
  connect(imports);
  return { run: (assignment) => guarded(() => toSubmission(agent(new Work(assignment))), contractFailure) };
}

/**
 * Exports a feedback strategy: a function from a gate's failure to a decision. Pure: the same failure gives the same
 * decision.
 */
export function exportStrategy(decide, imports) {
  const strategy = functionOf(decide, "exportStrategy");
  connect(imports);
  return { decide: (failure) => guarded(() => strategy({ ...failure, settings: settingsOf(failure.settings) })) };
}

/**
 * Exports a test runner for untrusted code: an object with `environment`, `collect` and `runTests`. Its world has no
 * log.
 */
export function exportRunner(runner) {
  connect({});
  return {
    environment: () => {
      const environment = runner.environment();
      return typeof environment === "string" ? environment : JSON.stringify(environment);
    },
    collect: (code, tests) => guarded(() => runner.collect(code, tests), buildErrors),
    runTests: (code, tests, path) => guarded(() => toTestRun(runner.runTests(code, tests, path)), benchError),
  };
}

/** The decision that phases revise their work: a list of `{ phase, issueIds, instructions }`. */
export function revise(revisions) {
  return { tag: "revise", val: revisions };
}

/** The decision that a person decides. */
export function askAPerson(why) {
  return { tag: "ask-a-person", val: why };
}

/** The decision that the run ends. */
export function giveUp(why) {
  return { tag: "give-up", val: why };
}

/** Returns what an agent returned as the contract's record. */
export function toSubmission(submission) {
  if (typeof submission?.then === "function") {
    throw new TypeError("`run` returned a promise; calls to the host block, so it must not be async");
  }
  if (!Array.isArray(submission?.artifacts)) {
    throw new TypeError("`run` must return { artifacts: [artifact(…), …] }");
  }
  const artifacts = submission.artifacts.map(({ name, content }) => ({
    name,
    content: typeof content === "string" ? encode(content) : content,
  }));
  const { findings = null } = submission;
  return { artifacts, findings: findings === null ? null : toFindings(findings) };
}

function toTestRun({ buildErrors = [], tests = [] }) {
  const complete = ({ name, outcome, message = null, output = "" }) => ({ name, outcome, message, output });
  return { buildErrors, tests: tests.map(complete) };
}

function functionOf(value, name) {
  if (typeof value !== "function") throw new TypeError(`${name} needs a function, not ${typeof value}`);
  return value;
}

function connect(imports = {}) {
  // By default QuickJS names ten calls: too few where the SDK calls a function of the plugin.
  Error.stackTraceLimit = MAX_CALLS;
  use(imports);
  setComponent();
}

/**
 * Runs a function of the plugin. What is no error of the contract is logged and thrown again, so that the host records
 * a crash.
 */
function guarded(run, contractError = () => undefined) {
  try {
    return run();
  } catch (error) {
    const expected = contractError(error);
    if (expected !== undefined) throw expected;
    logCrash(error);
    throw error;
  }
}

function contractFailure(error) {
  return error instanceof Failure ? error.toContract() : undefined;
}

function buildErrors(error) {
  return error instanceof BuildErrors ? error.errors : undefined;
}

function benchError(error) {
  return error instanceof BenchError ? { tag: error.kind, val: error.why } : undefined;
}
