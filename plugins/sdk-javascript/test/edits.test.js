// Properties of edits and diffs that single cases do not show.

import assert from "node:assert/strict";
import { test } from "node:test";

import { changes } from "../phasegate-plugin/compare.js";
import { applyDiff, applyEdits, keepForm, unified } from "../phasegate-plugin/index.js";

const LINES = ["", " ", "a", "  a", "b", "-- a", "++ b", "@@ -1 +1 @@", "\\ x", "```", "ä ö"];

/** Numbers that look random and are the same at each run. */
function randomBelow(seed) {
  let state = seed;
  return (most) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % most;
  };
}

function textOf(random) {
  const lines = Array.from({ length: random(14) }, () => LINES[random(LINES.length)]);
  return lines.join("\n") + (lines.length > 0 && random(2) === 1 ? "\n" : "");
}

test("diffs restore the new text", () => {
  const random = randomBelow(1);
  for (let at = 0; at < 3_000; at++) {
    const [old, next] = [textOf(random), textOf(random)];
    if (old === next) continue;
    const diff = unified("a", old, next);
    assert.deepEqual(applyDiff(old, diff), { text: next }, diff);
    const crlf = (text) => text.replaceAll("\n", "\r\n");
    if (old.includes("\n")) assert.deepEqual(applyDiff(crlf(old), diff), { text: crlf(next) }, diff);
  }
});

test("changes are the fewest", () => {
  const random = randomBelow(2);
  for (let at = 0; at < 2_000; at++) {
    const list = () => Array.from({ length: random(12) }, () => random(3));
    const [old, next] = [list(), list()];
    const found = changes(old, next);
    const restored = [];
    let from = 0;
    for (const change of found) {
      restored.push(...old.slice(from, change.old.start), ...next.slice(change.new.start, change.new.end));
      from = change.old.end;
    }
    assert.deepEqual([...restored, ...old.slice(from)], next);
    const size = found.reduce((sum, { old: a, new: b }) => sum + a.end - a.start + b.end - b.start, 0);
    assert.equal(size, old.length + next.length - 2 * longestCommon(old, next), `${old} -> ${next}`);
  }
});

function longestCommon(a, b) {
  let row = Array(b.length + 1).fill(0);
  for (const element of a) {
    const next = [0];
    b.forEach((other, at) => next.push(element === other ? row[at] + 1 : Math.max(next[at], row[at + 1])));
    row = next;
  }
  return row.at(-1);
}

test("the work for different texts is bounded", () => {
  const text = (word) => Array.from({ length: 6_000 }, (_, at) => `${word} ${at}\n`).join("");
  const diff = unified("a", `same\n${text("a")}`, `same\n${text("b")}`);
  assert.ok(diff.startsWith("--- a/a\n+++ b/a\n@@ -1,6001 +1,6001 @@\n same\n-a 0\n-a 1\n"));
  assert.ok(diff.endsWith("+b 5999\n"));
});

test("edits change nothing else", () => {
  const random = randomBelow(3);
  for (let at = 0; at < 1_000; at++) {
    const [before, after] = [textOf(random), textOf(random)];
    const next = ["", "a", "b\n", "\n\n", "a\nb\nc"][random(5)];
    const around = (middle) => `${before}<${middle}>${after}`;
    const edited = applyEdits(around("here"), [{ find: "<here>", replace: `<${next}>` }]);
    assert.deepEqual(edited, { text: around(next) });
  }
});

test("no answer makes it throw", () => {
  const random = randomBelow(4);
  const characters = ["-", "+", " ", "@", "a", "\n", "\\", "0", "9", ",", "\r", "`", "ä"];
  const text = () => Array.from({ length: random(40) }, () => characters[random(characters.length)]).join("");
  for (let at = 0; at < 5_000; at++) {
    applyDiff(text(), `@@${text()}`);
    applyEdits(text(), [{ find: text(), replace: text() }]);
    keepForm(text(), text());
  }
});

test("an ambiguous text in a large file takes little time", () => {
  const { faults } = applyEdits("a,\n".repeat(100_000), [{ find: ",", replace: "x" }]);
  assert.match(faults[0], /^edit 1: the text occurs 100000 times, in lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and others;/);
});
