import assert from "node:assert/strict";
import { test } from "node:test";

import { changedFiles, run, wrap } from "./commit-message.js";
import { FakeHost, artifactJson } from "./phasegate-plugin/testing.js";

const DIFF = "--- a/slug.py\n+++ b/slug.py\n@@ -1 +1 @@\n-def slug(title):\n+def slugify(title):\n";
const GOOD = { why: "", type: "refactor", subject: "rename `slug` to `slugify`", body: "The task says so." };

function host(text = DIFF) {
  return new FakeHost().input("context/change.diff", "context_file", text);
}

test("the message has a type, a subject and a body", () => {
  const made = artifactJson(host().answer("commit-message", GOOD).run(run), "commit_message");
  assert.equal(made.message, "refactor: rename `slug` to `slugify`\n\nThe task says so.\n");
  assert.deepEqual(made.files, ["slug.py"]);
});

test("names that are not in the diff are repaired", () => {
  const scripted = host()
    .answer("commit-message", { ...GOOD, subject: "rename `slug` to `make_slug`." })
    .answer("commit-message/repair", GOOD);
  scripted.run(run);
  const asked = JSON.stringify(scripted.requests[1].messages);
  assert.match(asked, /the diff does not contain `make_slug`/);
  assert.match(asked, /one line without a full stop/);
});

test("a task without a diff fails", () => {
  assert.throws(() => new FakeHost().run(run), /no context file is a diff/);
  assert.throws(() => host("no diff").run(run), /has no line/);
});

test("deleted and new files count", () => {
  assert.deepEqual(changedFiles("--- a/old.py\n+++ /dev/null\n--- /dev/null\n+++ b/new.py\n"), ["new.py", "old.py"]);
});

test("bodies are wrapped", () => {
  assert.equal(wrap(`${"word ".repeat(15)}end`), `${"word ".repeat(14).trim()}\nword end`);
});
