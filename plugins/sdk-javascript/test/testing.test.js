// The scripted host, and the repository that it plays.

import assert from "node:assert/strict";
import { test } from "node:test";

import { BenchError, Question, Repository, faults, log, progress, runTests } from "../phasegate-plugin/index.js";
import { FakeHost, artifactJson } from "../phasegate-plugin/testing.js";

function poet() {
  return new FakeHost().answer("haiku", "{}").answer("haiku/repair", "{}");
}

test("a call without a scripted answer names what is scripted", () => {
  const ask = (label) => () => new Question(label, "s", "u").json();
  assert.throws(() => poet().runWith(ask("poem")), {
    message: "FakeHost has no answer left for `poem`; scripted: `haiku` (1 left), `haiku/repair` (1 left)",
  });
  const host = poet();
  host.runWith(ask("haiku"));
  assert.throws(() => host.runWith(ask("haiku")), {
    message: "FakeHost has no answer left for `haiku`; scripted: `haiku` (0 left), `haiku/repair` (1 left)",
  });
  assert.throws(() => new FakeHost().runWith(ask("a")), {
    message: "FakeHost has no answer left for `a`; no answer is scripted",
  });
});

test("a submission is checked as the component checks it", () => {
  const host = new FakeHost();
  const submission = host.run(() => ({ artifacts: [{ name: "a", content: '{"b": 1}' }] }));
  assert.deepEqual(artifactJson(submission, "a"), { b: 1 });
  assert.equal(submission.findings, null);
  assert.throws(() => artifactJson(submission, "b"), { message: "the submission has no artifact `b`" });
  assert.throws(() => host.run(() => ({})), /must return \{ artifacts/);
});

test("log lines, progress and checks of artifacts are scripted and recorded", () => {
  const host = new FakeHost().checkWith((kind, content) => (content === "1" ? [] : [`${kind}: ${content}`]));
  host.runWith(() => {
    log.info("a");
    log.warn("b");
    progress("half", 0.5);
    progress("on");
    assert.deepEqual(faults("number", 1), []);
    assert.deepEqual(faults("number", [2]), ["number: [2]"]);
  });
  assert.deepEqual(host.log, ["info: a", "warn: b", "progress: half 0.5", "progress: on"]);
});

test("test runs are scripted and recorded", () => {
  const run = { buildErrors: [], tests: [] };
  const host = new FakeHost().testRun(run).testRun(new BenchError("limit", "60 s"));
  host.runWith(() => {
    assert.equal(runTests("python", "code", []), run);
    const message = "the tests cannot be run: 60 s";
    assert.throws(() => runTests("python", [{ path: "a.py", content: "" }], []), { kind: "limit", message });
    assert.throws(() => runTests("python", "code", []), /no test run left for `python`/);
  });
  assert.deepEqual(host.testRuns.slice(0, 2), [
    { language: "python", code: { tag: "input", val: "code" }, tests: [] },
    { language: "python", code: { tag: "draft", val: [{ path: "a.py", content: "" }] }, tests: [] },
  ]);
});

test("one host does not see the calls of another", () => {
  const outer = new FakeHost();
  outer.runWith(() => {
    new FakeHost().runWith(() => log.info("inner"));
    log.info("outer");
  });
  assert.deepEqual(outer.log, ["info: outer"]);
});

test("small repositories are given whole", () => {
  const host = new FakeHost()
    .file("src/prices.py", "x = 1\n")
    .file("README.md", "# Prices\n")
    .file("src/logo.png", new Uint8Array([137, 0, 1]))
    .file("latin.txt", new Uint8Array([97, 233, 10]));
  host.runWith((work) => {
    const repository = Repository.open(work);
    assert.equal(repository.map.text_bytes, 18);
    assert.deepEqual(repository.whole(1_000).map(({ path, kind, text }) => [path, kind, text]), [
      ["README.md", "text", "# Prices\n"],
      ["latin.txt", "text", null],
      ["src/logo.png", "binary", null],
      ["src/prices.py", "text", "x = 1\n"],
    ]);
    assert.equal(repository.whole(4), null, "the texts exceed four tokens");
    assert.deepEqual(
      ["src/prices.py", "src/logo.png", "no.py"].map((path) => [repository.contains(path), repository.text(path)]),
      [[true, "x = 1\n"], [true, null], [false, null]],
    );
    assert.equal(repository.read("src/logo.png").length, 3);
    assert.throws(() => repository.read("no.py"), {
      message: "`no.py` of the repository cannot be read: repository/no.py",
    });
  });
});

test("runs without repository have none", () => {
  assert.equal(new FakeHost().runWith((work) => Repository.open(work)), null);
});

test("large results of tools say how to read on", () => {
  const numbered = Array.from({ length: 2_000 }, (_, at) => `line number ${at + 1}\n`).join("");
  const host = new FakeHost().file("long.txt", numbered);
  for (let at = 0; at < 201; at++) host.file(`deep/${at % 2}/${at}.txt`, "x");
  const [list, read, search] = host.runWith((work) => Repository.open(work).tools());
  const call = (tool, given) => host.runWith(() => tool.call(given));
  const shown = call(read, { path: "long.txt" });
  assert.ok(shown.startsWith("long.txt: lines 1 to 656 of 2000; the result is full: read on from line 657\n"));
  assert.equal(call(list, {}), "long.txt (40893 bytes)\ndeep/ (201 files)\n".replace("40893", numbered.length));
  assert.equal(call(list, { folder: "deep" }), "deep/0/ (101 files)\ndeep/1/ (100 files)\n");
  const end = "There are more: search for a longer text or in a folder.\n";
  assert.ok(call(search, { text: "line" }).endsWith(end));
});
