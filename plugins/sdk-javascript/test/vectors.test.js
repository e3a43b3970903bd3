// The cases that all SDKs share.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  Failure, Prompt, Question, Repository, Sections, ToolError, applyDiff, applyEdits, fenced, fencedNamed, keepForm,
  renderFeedback, toIssue, unified,
} from "../phasegate-plugin/index.js";
import { choose, formOf } from "../phasegate-plugin/fit.js";
import { forModels } from "../phasegate-plugin/schema.js";
import { FakeHost } from "../phasegate-plugin/testing.js";

function each(file, check) {
  const cases = JSON.parse(readFileSync(new URL(`../../sdk-vectors/${file}.json`, import.meta.url)));
  for (const given of cases) test(`${file}: ${given.name}`, () => check(given));
}

each("fenced", ({ title, file, text, expected }) => {
  assert.equal(file === undefined ? fenced(title, text) : fencedNamed(title, file, text), expected);
});

each("prompt", ({ text, values, expected, fault }) => {
  const render = () => new Prompt(text).render(Object.fromEntries(values));
  if (fault === undefined) assert.equal(render(), expected);
  else assert.throws(render, { message: fault });
});

each("sections", ({ sections, expected }) => assert.deepEqual(sectionsOf(sections).texts(), expected));

each("schema", ({ schema, expected }) => assert.equal(forModels(schema), expected));

each("fit", ({ answer, schema, refused, value, faults }) => {
  const chosen = choose(answer, formOf(schema), checkOf(refused));
  assert.deepEqual(chosen, faults === undefined ? { value } : { faults });
});

each("feedback", ({ feedback, expected }) => {
  assert.equal(renderFeedback(feedback.map((item) => ({ ...item, issues: item.issues.map(toIssue) }))), expected);
});

each("edits", ({ base, edits, text, expected, faults }) => {
  if (edits === undefined) assert.equal(keepForm(base, text), expected);
  else assert.deepEqual(applyEdits(base, edits), faults === undefined ? { text: expected } : { faults });
});

each("diff", ({ base, diff, path, old, new: next, expected, faults }) => {
  if (path !== undefined) assert.equal(unified(path, old, next), expected);
  else assert.deepEqual(applyDiff(base, diff), faults === undefined ? { text: expected } : { faults });
});

each("question", askAndCompare);
each("tools", askAndCompare);

function askAndCompare(given) {
  const host = hostOf(given);
  const { value, failure } = host.runWith((work) => resultOf(given, work));
  assert.deepEqual({ value, failure }, { value: given.value, failure: given.failure });
  if (given.log !== undefined) assert.deepEqual(host.log, given.log);
  if (given.requests !== undefined) assert.deepEqual(host.requests.map(toVector), given.requests);
  if (given.sent !== undefined) {
    assert.deepEqual(host.requests.map((request) => [request.label, request.toolChoice]), given.sent);
  }
  const last = toVector(host.requests.at(-1)).messages.flatMap((message) => message.content);
  if (given.last_results !== undefined) {
    const results = last.filter((part) => part.tool_result).map((part) => part.tool_result);
    assert.deepEqual(results.slice(-given.last_results.length), given.last_results);
  }
  if (given.last_text !== undefined) assert.equal(last.at(-1).text, given.last_text);
}

function hostOf({ answers, repository = [] }) {
  const host = new FakeHost();
  for (const { path, text, bytes } of repository) host.file(path, bytes === undefined ? text : new Uint8Array(bytes));
  for (const { label, content, stop, output_tokens: tokens, error } of answers) {
    if (error === undefined) host.content(label, content.map(fromVector), stop, tokens);
    else host.modelError(label, ...Object.entries(error).map(([tag, why]) => [kebab(tag), why])[0]);
  }
  return host;
}

function resultOf({ question, method, refused, tools, repository }, work) {
  const { label, system, user } = question;
  const asked = new Question(label, system, typeof user === "string" ? user : sectionsOf(user), {
    tier: question.tier,
    schema: question.schema,
    maxOutputTokens: question.max_output_tokens,
    tools: repository === undefined ? tools?.map(toolOf) : Repository.open(work).tools(),
  });
  try {
    return { value: method === "text" ? asked.text() : asked.json(checkOf(refused)) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { failure: error.reason };
  }
}

function toolOf({ name, description, parameters, result, error }) {
  const literal = (text) => (typeof text === "string" ? text : text.repeat.repeat(text.times));
  const call = () => {
    if (error !== undefined) throw new ToolError(literal(error));
    return literal(result);
  };
  return { name, description, parameters, call };
}

function checkOf(refused) {
  return (value) => (refused !== undefined && value[refused.member] === refused.value ? [refused.fault] : []);
}

function sectionsOf(pairs) {
  return pairs.reduce((sections, [sharedBy, text]) => sections.add(sharedBy, text), new Sections());
}

/** The vectors have the names of the contract with `_`, and a variant as an object with one member. */
function fromVector(part) {
  const [[tag, val]] = Object.entries(part);
  return { tag: kebab(tag), val };
}

function toVector(value) {
  if (Array.isArray(value)) return value.map(toVector);
  if (value === null || typeof value !== "object") return value;
  if (Object.keys(value).join() === "tag,val") return { [snake(value.tag)]: toVector(value.val) };
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [snake(name), toVector(member)]));
}

function kebab(name) {
  return name.replaceAll("_", "-");
}

function snake(name) {
  return name.replaceAll("-", "_").replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
