import assert from "node:assert/strict";
import { test } from "node:test";

import { run } from "./agent.ts";
import { FakeHost } from "./phasegate-plugin/testing.js";

const TASK = { task_id: "T-1", description: "Write a median function." };

test("asks for a repair of an empty summary", () => {
  const host = new FakeHost()
    .input("task_requirements", "task_requirements", TASK)
    .answer("summary", '{"summary": "", "questions": []}')
    .answer("summary/repair", '{"summary": "A median function.", "questions": ["Empty lists?"]}');
  const [artifact] = host.run(run).artifacts;
  assert.deepEqual(JSON.parse(new TextDecoder().decode(artifact.content)).questions, ["Empty lists?"]);
  assert.deepEqual(host.requests.map((request) => request.label), ["summary", "summary/repair"]);
});
