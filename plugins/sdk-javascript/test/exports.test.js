// The exports of a component, called as the host calls them.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  BenchError, BuildErrors, Failure, Prompt, artifact, askAPerson, exportAgent, exportRunner, exportStrategy, giveUp,
  revise,
} from "../phasegate-plugin/index.js";
import { crashLines, crashSummary } from "../phasegate-plugin/crash.js";
import { FakeHost } from "../phasegate-plugin/testing.js";

const ISSUE = {
  id: "S1",
  severity: "high",
  category: "injection",
  defect_type: "security_vulnerability",
  phase_injected: "code",
  description: "The query is put together from user input.",
  evidence: "line one",
  impact: "Data can be read.",
};

function logOf() {
  const lines = [];
  return { lines, write: (level, line) => lines.push(`${level}: ${line}`), progress() {} };
}

function thrownBy(run) {
  try {
    run();
  } catch (error) {
    return error;
  }
  return assert.fail("nothing is thrown");
}

function call(run, log = logOf()) {
  return exportAgent(run, { log }).run(new FakeHost().record);
}

test("an agent returns the contract's submission", () => {
  const { artifacts, findings } = call(() => ({ artifacts: [artifact("a", 1), { name: "b", content: "ä" }] }));
  assert.deepEqual(artifacts.map(({ name, content }) => [name, [...content]]), [["a", [49, 10]], ["b", [195, 164]]]);
  assert.equal(findings, null);
});

test("findings may have the form of JSON or of the contract", () => {
  const findings = (given) => call(() => ({ artifacts: [], findings: given })).findings;
  const { issues } = findings({ issues: [ISSUE, { ...ISSUE, location: { path: "a.py" } }] });
  const { defect_type: defectType, phase_injected: phaseInjected, ...same } = ISSUE;
  const expected = { ...same, defectType, phaseInjected, recommendation: null, location: null };
  assert.deepEqual(issues, [expected, { ...expected, location: { path: "a.py", line: null } }]);
  assert.deepEqual(findings({ issues, suggestions: [{ issue_id: "S1", priority: "high", description: "x" }] }), {
    issues,
    suggestions: [{ issueId: "S1", priority: "high", description: "x" }],
    checks: [],
    reviewers: [],
  });
});

test("failures are those of the contract and are not logged", () => {
  const log = logOf();
  const failing = (failure) => thrownBy(() => call(() => assert.fail(failure), log));
  assert.deepEqual(failing(new Failure("no muse")), { tag: "failed", val: "no muse" });
  assert.deepEqual(failing(Failure.badInput("plan", "empty")), { tag: "bad-input", val: ["plan", "empty"] });
  assert.deepEqual(log.lines, []);
});

test("a crash is logged with file and line, and thrown again", () => {
  const log = logOf();
  const error = thrownBy(() => call((work) => work.nothing.here, log));
  assert.ok(error instanceof TypeError);
  assert.equal(log.lines[0], "error: TypeError: Cannot read properties of undefined (reading 'here')");
  assert.match(log.lines[1], /^error: {3}at .*exports\.test\.js:\d+:\d+\)?$/);
  assert.ok(log.lines.length > 3);
  assert.match(log.lines.at(-1), /^error: panic: TypeError: Cannot .* \(.*exports\.test\.js:\d+\)$/);
});

test("the summary of a crash names the nearest line of the plugin", () => {
  const quickJs = new TypeError("not a function");
  quickJs.stack = "    at Question.json (/phasegate-plugin/question.js:9:5)\n    at run (/agent.js:12:7)\n";
  assert.equal(crashSummary(quickJs), "TypeError: not a function (agent.js:12)");
  const node = new Error("no");
  node.stack = "Error: no\n    at file:///plugin/agent.js:3:1";
  assert.equal(crashSummary(node), "Error: no (file:///plugin/agent.js:3)");
  assert.equal(crashSummary("text"), 'thrown: "text"');
});

test("a crash names the calls from the bug to the plugin's function", () => {
  const log = logOf();
  const nested = (depth) => (depth === 0 ? null.x : nested(depth - 1));
  thrownBy(() => call(function outermost() {
    return nested(20);
  }, log));
  assert.ok(log.lines.some((line) => line.includes("at outermost")), log.lines.join("\n"));
});

test("a long crash keeps its message, its innermost calls and its causes", () => {
  const nested = (depth) => (depth === 0 ? null.x : nested(depth - 1));
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 500;
  const lines = crashLines(thrownBy(() => nested(400)));
  Error.stackTraceLimit = limit;
  assert.ok(lines.join("\n").length <= 8 * 1024 && lines.join("\n").length > 8 * 1024 - 200);
  assert.match(lines[1], /at nested/);
  const withCause = crashLines(new Error("outer\nmore", { cause: new TypeError("inner") }));
  assert.deepEqual(withCause.slice(0, 2), ["Error: outer", "more"]);
  assert.ok(withCause.includes("caused by: TypeError: inner"));
  assert.deepEqual(crashLines({ tag: "x" }), ['thrown: {"tag":"x"}']);
  assert.ok(crashLines(new Error("x".repeat(20_000))).join("\n").length <= 8 * 1024);
});

test("wrong agents are bugs with a reason", () => {
  assert.match(thrownBy(() => call(async () => ({ artifacts: [] }))).message, /must not be async/);
  assert.match(thrownBy(() => call(() => undefined)).message, /must return \{ artifacts/);
  assert.equal(thrownBy(() => exportAgent({}, {})).message, "exportAgent needs a function, not object");
  const missing = thrownBy(() => call((work) => work.text("plan")));
  assert.match(missing.message, /^this plugin has no `artifacts`: import it in wit\/world\.wit/);
});

test("a strategy gets its settings as a value", () => {
  const decide = ({ settings, mayRevise }) => (settings.calm ? giveUp("calm") : revise([{ phase: mayRevise[0] }]));
  const strategy = exportStrategy(decide, { log: logOf() });
  const failure = { mayRevise: ["design"], settings: '{"calm": true}' };
  assert.deepEqual(strategy.decide(failure), { tag: "give-up", val: "calm" });
  assert.deepEqual(strategy.decide({ ...failure, settings: "" }), { tag: "revise", val: [{ phase: "design" }] });
  assert.deepEqual(askAPerson("why"), { tag: "ask-a-person", val: "why" });
});

test("a runner's errors are those of the contract", () => {
  const runner = exportRunner({
    environment: () => ({ language: "javascript" }),
    collect: (code, tests) => {
      if (tests.length === 0) throw new BuildErrors(["a.js:1: no test"]);
      return ["a.js::test"];
    },
    runTests: (code, tests, path) => {
      if (path === "slow.js") throw new BenchError("limit", "60 s");
      return { tests: [{ name: "a.js::test", outcome: "passed" }] };
    },
  });
  assert.equal(runner.environment(), '{"language":"javascript"}');
  assert.deepEqual(runner.collect([], [{}]), ["a.js::test"]);
  assert.deepEqual(thrownBy(() => runner.collect([], [])), ["a.js:1: no test"]);
  assert.deepEqual(thrownBy(() => runner.runTests([], [], "slow.js")), { tag: "limit", val: "60 s" });
  const tests = [{ name: "a.js::test", outcome: "passed", message: null, output: "" }];
  assert.deepEqual(runner.runTests([], [], "a.js"), { buildErrors: [], tests });
});

test("in a component, a prompt with faults inserts nothing", () => {
  call(() => {
    assert.equal(new Prompt("a {{b}} c").render({ d: "1" }), "a  c");
    return { artifacts: [] };
  });
});
