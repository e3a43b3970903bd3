// Finds JSON values in a model's answer, whatever stands around them: prose, fences, tags, reasoning, or the quotes of
// a JSON string. A value is never changed, except that trailing commas are removed. The search takes linear time.

import { JsonError, endOfValue, parse, validate } from "./json.js";
import { trim } from "./text.js";
import { byteLength } from "./utf8.js";

/** Marks at the end of a model's reasoning. Some servers send the reasoning, or only its end, as part of the answer. */
const REASONING_ENDS = ["</think>", "</thinking>", "</thought>", "</reasoning>", "[/THINK]", "<|message|>"];
const FENCE = "\n```";
/** What can follow a bracket in JSON. The end of the text can: the value may be cut. */
const MAY_FOLLOW = { "{": '"}', "[": '"{[]-0123456789tfn' };
const OVERLAP = { least: 20, most: 400 };

/**
 * Finds all objects and arrays that are not part of another one, as text and in their order: `values` outside of the
 * reasoning, `reasoning` inside of it, and the `fault` of the first value that is broken. The parts of a broken one are
 * not searched.
 */
export function findValues(text) {
  const inner = jsonString(withoutFence(text));
  if (inner !== null) return findValues(inner);
  const found = { values: [], reasoning: [], fault: null };
  const start = /[{[<]/g;
  for (let match = start.exec(text); match !== null; match = start.exec(text)) {
    const at = match.index;
    const mark = reasoningEnd(text, at);
    if (mark !== undefined) {
      found.reasoning.push(...found.values);
      found.values = [];
      start.lastIndex = at + mark.length;
      continue;
    }
    const { json, fault, end } = leadingValue(text, at);
    if (json !== undefined) found.values.push(json);
    if (fault !== undefined) found.fault ??= fault;
    start.lastIndex = end;
  }
  return found;
}

/** Returns the text that a JSON string holds; null if the whole is none. */
function jsonString(text) {
  return text.startsWith('"') ? attempt(() => parse(text)).value ?? null : null;
}

/** Returns the text inside of a fence that surrounds the whole text, else the whole text. */
function withoutFence(text) {
  const all = trim(text);
  if (!all.startsWith("```") || !all.endsWith("```") || all.length < 6) return all;
  const body = all.slice(3, -3);
  const line = body.indexOf("\n");
  return line < 0 ? all : trim(body.slice(line + 1));
}

/** Returns what stands at a bracket: a value or the fault of a broken one, and where to go on. */
function leadingValue(text, at) {
  const prose = { end: at + 1 };
  const next = firstInside(text, at);
  if (text[at] === "<" || !MAY_FOLLOW[text[at]].includes(next)) return prose;
  const whole = attempt(() => endOfValue(text, at));
  if (whole.fault === undefined) return { json: text.slice(at, whole.value), end: whole.value };
  // A word in brackets, which begins like `true`, `false` or `null`.
  if (/[tfn]/.test(next)) return prose;
  const { end, isClosed } = findEnd(text, at);
  if (!isClosed) return { fault: whole.fault, end };
  const cleaned = withoutTrailingCommas(text.slice(at, end));
  const { fault } = attempt(() => validate(cleaned));
  return fault === undefined ? { json: cleaned, end } : { fault, end };
}

function attempt(read) {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof JsonError) return { fault: error.message };
    throw error;
  }
}

/** Returns the first character after a bracket that is no white space; empty at the end of the text. */
function firstInside(text, at) {
  const next = /[^\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/g;
  next.lastIndex = at + 1;
  return next.exec(text)?.[0] ?? "";
}

/**
 * Returns the offset after the bracket that closes the first one. A value cannot go on beyond a fence, because a JSON
 * string holds no line break, or beyond the end of the reasoning: then it is not closed, and the offset is that of the
 * first of these.
 */
function findEnd(text, from) {
  let depth = 0;
  const strings = new Strings();
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    const isOutside = strings.step(character);
    if (character === "\n" || character === "<" || character === "[") {
      if (endsRegion(text, at)) return { end: at, isClosed: false };
    }
    if (!isOutside) continue;
    if (character === "{" || character === "[") {
      depth++;
    } else if (character === "}" || character === "]") {
      depth--;
      if (depth === 0) return { end: at + 1, isClosed: true };
    }
  }
  return { end: text.length, isClosed: false };
}

function endsRegion(text, at) {
  return text.startsWith(FENCE, at) || reasoningEnd(text, at) !== undefined;
}

function reasoningEnd(text, at) {
  return REASONING_ENDS.find((end) => text.startsWith(end, at));
}

/** Replaces each comma before a closing bracket by a space, so that positions in faults stay right. */
function withoutTrailingCommas(json) {
  const commas = [];
  let comma = null;
  const strings = new Strings();
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (!strings.step(character)) continue;
    if (character === ",") {
      comma = at;
    } else if (character === "}" || character === "]") {
      if (comma !== null) commas.push(comma);
      comma = null;
    } else if (!/[ \t\n\f\r]/.test(character)) {
      comma = null;
    }
  }
  const pieces = [...commas, json.length].map((end, index) => json.slice(index === 0 ? 0 : commas[index - 1] + 1, end));
  return pieces.join(" ");
}

/** Follows the strings of a JSON text. */
class Strings {
  constructor() {
    this.isInside = false;
    this.isEscaped = false;
  }

  /** Returns whether this character is outside of strings; an opening quote is. */
  step(character) {
    const wasOutside = !this.isInside;
    if (this.isEscaped) this.isEscaped = false;
    else if (character === "\\") this.isEscaped = this.isInside;
    else if (character === '"') this.isInside = !this.isInside;
    return wasOutside;
  }
}

/** Joins a truncated text with its continuation, without an overlap of 20 to 400 bytes. */
export function joinContinuation(truncated, continuation) {
  for (let length = Math.min(continuation.length, truncated.length, OVERLAP.most); length > 0; length--) {
    const head = continuation.slice(0, length);
    if (!truncated.endsWith(head)) continue;
    const bytes = byteLength(head);
    if (bytes > OVERLAP.most) continue;
    return bytes < OVERLAP.least ? truncated + continuation : truncated + continuation.slice(length);
  }
  return truncated + continuation;
}
