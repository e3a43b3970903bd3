import assert from "node:assert/strict";
import { test } from "node:test";

import { decide } from "./strategy.ts";

function phaseAfter(failedBefore: number): string {
  const decision = decide({
    gate: "code-review",
    attempt: failedBefore + 1,
    attemptsLeft: 3,
    issues: [],
    mayRevise: ["design", "code"],
    history: Array(failedBefore).fill({ issues: [], revised: [] }),
    settings: {},
  });
  return decision.val[0].phase;
}

test("earlier phases revise after some attempts", () => {
  assert.deepEqual([0, 1, 2, 9].map(phaseAfter), ["code", "code", "design", "design"]);
});
