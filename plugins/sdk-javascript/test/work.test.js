// Access to an assignment's inputs, settings and environment.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Failure, artifact } from "../phasegate-plugin/index.js";
import { FakeHost } from "../phasegate-plugin/testing.js";

const TASK = { task_id: "TASK-001", description: "Add a feature", requirements: ["It adds"] };

function failureOf(run) {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof Failure, error);
    return error.toContract();
  }
  return assert.fail("it does not fail");
}

test("missing and malformed inputs are named", () => {
  const host = new FakeHost().input("task_requirements", "task_requirements", TASK).input("plan", "text", '{"a": }');
  host.input("latin", "text", new Uint8Array([0xe9]));
  host.runWith((work) => {
    assert.deepEqual(work.task().requirements, ["It adds"]);
    assert.deepEqual(work.task().constraints, []);
    assert.equal(work.optionalJson("test_report"), null);
    const of = (name, why) => ({ tag: "bad-input", val: [name, why] });
    assert.deepEqual(failureOf(() => work.json("plan")), of("plan", "expected value at line 1 column 7"));
    assert.deepEqual(failureOf(() => work.text("latin")), of("latin", "it is not UTF-8 text"));
    const why = "it is not an input of this phase; add it to `reads` in the pipeline";
    assert.deepEqual(failureOf(() => work.text("secret")), of("secret", why));
  });
});

test("a failure to read has the host's words", () => {
  const whyOf = (tag) => {
    const host = new FakeHost();
    const read = () => {
      throw Object.assign(new Error(tag), { payload: { tag, val: "over 1 MiB" } });
    };
    host.imports = () => ({ artifacts: { read } });
    return host.runWith((work) => failureOf(() => work.text("plan")).val[1]);
  };
  assert.equal(whyOf("too-large"), "it is too large: over 1 MiB");
  assert.equal(whyOf("other"), "over 1 MiB");
});

test("context files and previous artifacts are found", () => {
  const host = new FakeHost().input("context/src/a.py", "text", "a = 1\n").previous("plan", "text", '{"a": 1}');
  host.runWith((work) => {
    assert.deepEqual(work.contextFiles(), [{ path: "src/a.py", text: "a = 1\n" }]);
    assert.equal(work.previousText("plan"), '{"a": 1}');
    assert.deepEqual(work.previousJson("plan"), { a: 1 });
    assert.equal(work.previousText("suite"), null);
    assert.equal(work.previousJson("suite"), null);
    assert.ok(work.has("previous/plan") && !work.has("plan"));
    assert.deepEqual(work.processNotes(), { approved: [], rejected: [] });
  });
});

test("settings and environment have defaults", () => {
  new FakeHost().runWith((work) => {
    assert.deepEqual(work.settings(), {});
    assert.deepEqual(work.environment(), {});
    assert.equal(work.environmentText(), "Unknown: rely only on the language and its standard library.");
    assert.equal(work.expectedSchema("haiku"), null);
  });
  const host = new FakeHost().assignment((assignment) => {
    assignment.settings = '{"depth": far}';
    assignment.environment = '{"python":{"version":"3.14","10":1.0,"1":[]}}';
    assignment.expected = [{ name: "haiku", kind: "haiku", schema: "{}" }];
  });
  host.runWith((work) => {
    const { val } = failureOf(() => work.settings());
    assert.equal(val, "the plugin's settings in the pipeline are invalid: expected ident at line 1 column 13");
    const text = '{\n  "python": {\n    "version": "3.14",\n    "10": 1.0,\n    "1": []\n  }\n}';
    assert.equal(work.environmentText(), text, "the order of the members and the form of numbers stay");
    assert.equal(work.environment().python.version, "3.14");
    assert.equal(work.expectedSchema("haiku"), "{}");
  });
});

test("feedback is rendered", () => {
  const host = new FakeHost().assignment(({ feedback }) => {
    feedback.push({ source: "person:ada", about: [], issues: [], instructions: "Use integers." });
  });
  assert.equal(host.runWith((work) => work.feedbackText()), "## From a person: ada\nUse integers.\n");
});

test("an artifact is indented JSON", () => {
  const { name, content } = artifact("haiku", { lines: ["größer"], none: [] });
  assert.equal(name, "haiku");
  assert.equal(new TextDecoder().decode(content), '{\n  "lines": [\n    "größer"\n  ],\n  "none": []\n}\n');
  assert.equal(failureOf(() => artifact("haiku", undefined)).val, "artifact `haiku`: undefined is not JSON");
  assert.match(failureOf(() => artifact("haiku", { a: 1n })).val, /^artifact `haiku`: Do not know how to serialize/);
});
