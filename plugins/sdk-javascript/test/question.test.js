// What the shared vectors do not show of questions: several at once, wrong use, and hostile answers.

import assert from "node:assert/strict";
import { test } from "node:test";

import { findValues, joinContinuation } from "../phasegate-plugin/answer.js";
import { Failure, Question, Sections, ToolError, askAll, askAllSettled } from "../phasegate-plugin/index.js";
import { FakeHost, requestText } from "../phasegate-plugin/testing.js";

const question = (label, options) => new Question(label, "You paint.", "Which colour?", options);

test("first calls are made together, and each question goes on by itself", () => {
  const batches = [];
  const host = new FakeHost()
    .answer("a", "no")
    .answer("b", '{"colour": "blue"}')
    .truncatedAnswer("c", "dark ")
    .answer("a/repair", '{"colour": "red"}')
    .answer("c/continue", "green");
  const imports = host.imports();
  const { completeAll } = imports.models;
  imports.models.completeAll = (requests) => {
    batches.push(requests.map((request) => request.label));
    return completeAll(requests);
  };
  host.imports = () => imports;
  const asks = [question("a").asJson(), question("b").asJson(), question("c").asText()];
  const answers = host.runWith(() => askAll(asks));
  assert.deepEqual(answers, [{ colour: "red" }, { colour: "blue" }, "dark green"]);
  assert.deepEqual(batches, [["a", "b", "c"]]);
  assert.deepEqual(host.requests.map((request) => request.label), ["a", "b", "c", "a/repair", "c/continue"]);
  assert.deepEqual(new FakeHost().runWith(() => askAll([])), [], "no call without questions");
});

test("a question that fails ends the others, unless they are settled", () => {
  const host = () => new FakeHost().modelError("a", "budget", "0 USD left").answer("b", "{}");
  const asks = () => [question("a").asJson(), question("b").asJson()];
  assert.throws(() => host().runWith(() => askAll(asks())), { message: "`a`: the budget is exhausted: 0 USD left" });
  const [first, second] = host().runWith(() => askAllSettled(asks()));
  assert.equal(first.status, "rejected");
  assert.ok(first.reason instanceof Failure);
  assert.deepEqual(second, { status: "fulfilled", value: {} });
});

test("a check gets the value and its text", () => {
  const seen = [];
  const host = new FakeHost().answer("a", 'Here: {"colour":  "red"}');
  host.runWith(() => question("a").json((value, json) => seen.push(value, json) && []));
  assert.deepEqual(seen, [{ colour: "red" }, '{"colour":  "red"}']);
});

test("wrong use is a bug", () => {
  const ask = (check) => () => new FakeHost().answer("a", "{}").runWith(() => question("a").json(check));
  assert.throws(ask(({ lines }) => [lines.length]), TypeError);
  assert.throws(ask(() => undefined), { message: "a check must return a list of faults" });
  const options = { max_output_tokens: 100 };
  assert.throws(() => question("a", options), { message: "a question has no option `max_output_tokens`" });
});

test("a schema may be an object", () => {
  const host = new FakeHost().answer("a", "{}");
  const schema = { type: "object", properties: { colour: { type: "string", maxLength: 200 } } };
  host.answer("a/repair", '{"colour": "red"}');
  host.runWith(() => question("a", { schema }).json());
  assert.equal(host.requests[0].answerSchema, '{"type":"object","properties":{"colour":{"type":"string"}}}');
});

test("tools describe themselves and get their arguments", () => {
  const add = { name: "add", description: "Adds.", parameters: { type: "object" }, call: ({ a, b }) => `${a + b}` };
  const host = new FakeHost().calls("a", [["add", { a: 1, b: 2 }]]).answer("a/tools", "3");
  assert.equal(host.runWith(() => question("a", { tools: [add] }).text()), "3");
  assert.equal(host.requests[0].tools[0].parameters, '{"type":"object"}');
  assert.match(host.requests[1].messages.at(-1).content[0].val.text, /\n3\n/);
});

test("an error of a tool that is no ToolError is a bug", () => {
  const ask = (call) => {
    const tool = { name: "f", description: "", parameters: {}, call };
    const host = new FakeHost().calls("a", [["f", {}]]).answer("a/tools", "x");
    host.runWith(() => question("a", { tools: [tool] }).text());
    return host.requests[1].messages.at(-1).content[0].val;
  };
  assert.throws(() => ask(() => null.x), TypeError);
  assert.throws(() => ask(() => 3), { message: "the tool `f` returned number, not text" });
  const failed = ask(() => {
    throw new ToolError("no sum");
  });
  assert.ok(failed.isError && failed.text.includes("no sum"));
});

test("a section is shared by a known group", () => {
  assert.throws(() => new Sections().add("everyone", "x"), {
    message: "a section is shared by run, phases, agent, subject, attempt, call, not by `everyone`",
  });
  const asked = question("a");
  asked.user.add("run", "A house.");
  const host = new FakeHost().answer("a", "red");
  host.runWith(() => asked.text());
  assert.equal(requestText(host.requests[0]), "You paint.A house.\n\nWhich colour?");
});

test("hostile brackets take linear time", () => {
  const pieces = ["{", "[", '{"a" ', "[1,", '{"a": [\n```\n', "<", "</think>", '{"a": 1,}', "[t", '"'];
  for (const piece of pieces) {
    const start = performance.now();
    findValues(piece.repeat(20_000));
    assert.ok(performance.now() - start < 4_000, piece);
  }
});

test("continuations are joined without the overlap", () => {
  assert.equal(joinContinuation("one two", " three"), "one two three");
  const cut = "a sentence that goes on and on";
  assert.equal(joinContinuation(cut, "sentence that goes on and on for ever"), `${cut} for ever`);
  const long = "x".repeat(300) + "y".repeat(300);
  assert.equal(joinContinuation(long, long), long + long, "an overlap of more than 400 bytes is none");
});
