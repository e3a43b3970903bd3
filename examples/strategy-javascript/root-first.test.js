import assert from "node:assert/strict";
import { test } from "node:test";

import { decide } from "./root-first.js";

const issue = (id, phaseInjected) => ({ id, phaseInjected, description: `fault ${id}` });
const attempts = (...counts) => counts.map((count) => ({ issues: Array(count).fill(issue("x", "code")), revised: [] }));

function decision(change) {
  return decide({
    gate: "code-review",
    attempt: 1,
    attemptsLeft: 2,
    issues: [issue("a", "code"), issue("b", "design"), issue("c", "design")],
    personWords: null,
    mayRevise: ["planning", "design", "code"],
    history: [],
    settings: {},
    ...change,
  });
}

test("only the earliest phase at fault revises", () => {
  const { tag, val } = decision({});
  assert.equal(tag, "revise");
  assert.deepEqual(val.map(({ phase, issueIds }) => [phase, issueIds]), [["design", ["b", "c"]]]);
  assert.match(val[0].instructions, /Issues of later phases wait, .*: a\.$/);
});

test("a phase that may not revise is replaced by the last", () => {
  const [{ phase, issueIds }] = decision({ issues: [issue("a", "test")], mayRevise: ["design", "code"] }).val;
  assert.deepEqual([phase, issueIds], ["code", ["a"]]);
});

test("a person decides if the number does not fall", () => {
  const why = "the number of issues of the last attempts does not fall: 3, 3, 3";
  assert.deepEqual(decision({ history: attempts(3, 3) }), { tag: "ask-a-person", val: why });
  assert.equal(decision({ history: attempts(4, 3) }).tag, "revise");
  assert.equal(decision({ history: attempts(2) }).tag, "revise");
  assert.equal(decision({ history: attempts(2), settings: { patience: 1 } }).tag, "ask-a-person");
});

test("remarks of people are passed on, and ends are named", () => {
  const [{ phase, instructions }] = decision({ issues: [], personWords: "Too slow." }).val;
  assert.equal(phase, "code");
  assert.match(instructions, /Remark of a person: Too slow\.$/);
  assert.equal(decision({ attemptsLeft: 0 }).tag, "give-up");
  assert.equal(decision({ mayRevise: [] }).tag, "ask-a-person");
});
