// Chooses, among the JSON values of an answer, the one that fits its schema and the caller's check.
//
// Exactly one distinct value must fit. An answer is an object, or a list if the schema asks for one. A value that is
// not is unwrapped: a list, an object with one member, a tool call written as text, JSON text in a string. Faults are
// worded so that a model can correct its answer.

import { findValues } from "./answer.js";
import { JsonError, parse } from "./json.js";
import { isEqual, write } from "./json-value.js";
import { firstCharacters, trim } from "./text.js";
import { byteLength } from "./utf8.js";

const MAX_DEPTH = 4;
const MAX_SHOWN = 80;
/** Members that hold the arguments of a tool call. */
const ARGUMENTS = ["arguments", "parameters", "input", "function"];

/**
 * Returns `{ value }`, the one value of the answer that has the form and in which `check` finds no fault, or `{ faults
 * }`. `check` gets the value and its JSON text.
 */
export function choose(answer, form, check) {
  const found = findValues(answer);
  const choice = new Choice(form, check);
  choice.tryAll(found.values, 0);
  // Values in the reasoning are drafts: they count only if nothing outside of it has the form.
  if (choice.fitting.length === 0 && choice.found === null) choice.tryAll(found.reasoning, 0);
  return choice.result() ?? { faults: [describeAbsence(answer, found.fault)] };
}

/** Returns what a schema says about an answer: whether it is a list, and the members of an object. */
export function formOf(schema) {
  let parsed = null;
  try {
    parsed = schema === null ? null : parse(schema);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
  }
  const member = (name) => (parsed instanceof Map ? parsed.get(name) : undefined);
  const properties = member("properties");
  const required = member("required");
  return {
    isList: member("type") === "array",
    members: properties instanceof Map ? [...properties.keys()] : [],
    required: Array.isArray(required) ? required : [],
  };
}

class Choice {
  constructor(form, check) {
    this.form = form;
    this.check = check;
    /** Distinct values that fit. */
    this.fitting = [];
    /** Why the last value does not have the form. */
    this.misfit = null;
    /** What the check found in the last value that has the form. */
    this.found = null;
  }

  tryAll(values, depth) {
    for (const json of values) this.tryValue(json, depth);
  }

  tryValue(json, depth) {
    const { tree, why } = read(json, this.form);
    if (why === undefined) {
      this.judge(tree, json);
      return;
    }
    this.misfit = why;
    if (depth < MAX_DEPTH) this.tryAll(unwrapped(json), depth + 1);
  }

  judge(tree, json) {
    const value = JSON.parse(json);
    const faults = this.check(value, json);
    if (!Array.isArray(faults)) throw new TypeError("a check must return a list of faults");
    if (faults.length > 0) {
      this.found = faults;
    } else if (this.fitting.every((known) => !isEqual(known.tree, tree))) {
      this.fitting.push({ tree, value });
    }
  }

  result() {
    if (this.fitting.length === 1) return { value: this.fitting[0].value };
    if (this.fitting.length > 1) {
      const [first, last] = [this.fitting[0], this.fitting.at(-1)].map(({ tree }) => `\`${startOf(write(tree))}\``);
      const count = this.fitting.length;
      const what = `the answer contains ${count} different JSON values that could be meant`;
      return { faults: [`${what}, among them ${first} and ${last}; give exactly one`] };
    }
    if (this.found !== null) return { faults: this.found };
    return this.misfit === null ? null : { faults: [this.misfit] };
  }
}

/** Returns a value of the form, or why it has another one. */
function read(json, { isList, members, required }) {
  if (json.startsWith("[") && !isList) return { why: "the answer is a list; it must be one JSON object" };
  const { value: tree, fault } = parsed(json);
  if (fault !== undefined) return { why: fault };
  if (tree instanceof Map && members.length > 0 && !members.some((member) => tree.has(member))) {
    return { why: `the object has none of the members \`${members.join("`, `")}\`` };
  }
  if (isList && Array.isArray(tree)) return { tree };
  if (isList) return { why: "invalid type: map, expected a sequence at line 1 column 0" };
  const missing = required.find((member) => !tree.has(member));
  return missing === undefined ? { tree } : { why: `missing field \`${missing}\` at ${endOf(json)}` };
}

function parsed(json) {
  try {
    return { value: parse(json) };
  } catch (error) {
    if (error instanceof JsonError) return { fault: error.message };
    throw error;
  }
}

function endOf(json) {
  const lines = json.split("\n");
  return `line ${lines.length} column ${byteLength(lines.at(-1))}`;
}

/**
 * Returns what a value may be wrapped around: the elements of a list, the only member of an object, or a call's
 * arguments.
 */
function unwrapped(json) {
  const { value } = parsed(json);
  let inner = [];
  if (Array.isArray(value)) inner = value;
  else if (value instanceof Map && value.size === 1) inner = [...value.values()];
  else if (value instanceof Map && (value.has("name") || value.has("type"))) {
    inner = ARGUMENTS.filter((name) => value.has(name)).map((name) => value.get(name));
  }
  return inner.flatMap((part) => {
    if (typeof part === "string") return findValues(part).values;
    return part instanceof Map || Array.isArray(part) ? [write(part)] : [];
  });
}

function describeAbsence(answer, fault) {
  if (fault !== null) return `the answer is not valid JSON: ${fault}`;
  const text = trim(answer);
  return text === "" ? "the answer is empty" : `the answer contains no JSON; it begins with \`${startOf(text)}\``;
}

function startOf(text) {
  const start = firstCharacters(text, MAX_SHOWN);
  return start === null ? text : `${start}…`;
}
