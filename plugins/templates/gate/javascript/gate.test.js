import assert from "node:assert/strict";
import { test } from "node:test";

import { run } from "./gate.js";
import { FakeHost } from "./phasegate-plugin/testing.js";

const TASK = { task_id: "T-1", description: "Sort the list quickly." };

test("a blocking question is a high issue", () => {
  const answer = '{"unclear": [{"quote": "quickly", "question": "In what time?", "blocks": true}]}';
  const host = new FakeHost().input("task_requirements", "task_requirements", TASK).answer("unclear", answer);
  const [issue] = host.run(run).findings.issues;
  assert.deepEqual([issue.id, issue.severity, issue.evidence], ["unclear-1", "high", "the task says `quickly`"]);
});
