import assert from "node:assert/strict";
import { test } from "node:test";

import { collect, runTests } from "./runner.js";

const file = (path, content) => ({ path, content });
const tests = [file("tests/a.expect", "# words\na.txt contains yes\na.txt contains no\nb.txt contains yes\n")];

test("each line is a test", () => {
  const run = runTests([file("a.txt", "yes")], tests, "tests/a.expect");
  assert.deepEqual(run.tests.map((one) => one.outcome), ["passed", "failed", "errored"]);
  assert.equal(collect([], tests)[0], "tests/a.expect::line 2");
});

test("other lines are faults", () => {
  const wrong = [file("tests/a.expect", "a.txt has yes\n")];
  assert.throws(() => collect([], wrong), { message: "tests/a.expect:1: write `PATH contains TEXT`" });
});
