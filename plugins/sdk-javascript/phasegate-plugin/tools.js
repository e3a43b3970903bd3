// Functions that a model can call while it works on a question, and the limits of such a conversation.
//
// Results are fenced as data. A call with an unknown name or bad arguments gets an error as its result, so that the
// model can correct it. When a limit is reached, the model is asked to answer without further calls.

import { ToolError } from "./failure.js";
import { JsonError, parse } from "./json.js";
import { fenced } from "./prompt.js";
import { isBlank } from "./text.js";
import { byteLength, startOfBytes } from "./utf8.js";

/** How often a model may call tools before it must answer one question. One answer may contain several calls. */
const MAX_ROUNDS = 20;
/** Size of all results together for one question, in bytes: about 32,000 tokens. */
const MAX_BYTES = 128 * 1024;
/** Number of calls for one question. */
const MAX_CALLS = 100;
/** Size of one result, in bytes. The rest is cut off. */
const MAX_RESULT_BYTES = 16 * 1024;
const MIN_RESULT_BYTES = 1000;
const LIMIT_REACHED = "the limit of tool calls for this question is reached";
const ANSWER_NOW =
  "No further tool calls are possible. Give your answer now, in the form that was asked for, from what you know.";

/** Returns a tool as a request has it. */
export function describeTool({ name, description, parameters }) {
  return { name, description, parameters: typeof parameters === "string" ? parameters : JSON.stringify(parameters) };
}

/** What is left of the limits of one question. */
export class Allowance {
  constructor() {
    this.rounds = MAX_ROUNDS;
    this.calls = MAX_CALLS;
    this.bytes = MAX_BYTES;
  }

  /** Returns whether the model may call tools again. */
  isLeft() {
    return this.rounds > 0 && this.calls > 0 && this.bytes > 0;
  }

  /**
   * Answers the calls of a response. Returns the messages that continue the conversation: the response as it is, which
   * may hold a provider's reasoning, and the results. None if it calls nothing.
   */
  answer(tools, response) {
    const calls = response.content.filter((part) => part.tag === "tool-call").map((part) => part.val);
    if (calls.length === 0) return [];
    this.rounds -= 1;
    const results = calls.map((call) => ({ tag: "tool-result", val: this.result(tools, call) }));
    if (!this.isLeft()) results.push({ tag: "text", val: ANSWER_NOW });
    return [
      { role: "assistant", content: response.content },
      { role: "user", content: results },
    ];
  }

  result(tools, call) {
    const isAllowed = this.calls > 0 && this.bytes > 0;
    const { text, isError } = isAllowed ? run(tools, call) : failed(LIMIT_REACHED);
    this.calls -= 1;
    const short = shorten(text, Math.min(Math.max(this.bytes, MIN_RESULT_BYTES), MAX_RESULT_BYTES));
    this.bytes -= byteLength(short);
    return { id: call.id, text: fenced(isError ? "Error of this call" : "Result of this call", short), isError };
  }
}

function run(tools, { name, arguments: text }) {
  const tool = tools.find((known) => known.name === name);
  if (tool === undefined) {
    const names = tools.map((known) => `\`${known.name}\``);
    return failed(`there is no tool \`${name}\`; the tools are ${names.join(", ")}`);
  }
  try {
    const json = isBlank(text) ? "{}" : text;
    if (!(parse(json) instanceof Map)) return failed(`the arguments of \`${name}\` are not a JSON object`);
    return { text: textOf(tool, tool.call(JSON.parse(json))), isError: false };
  } catch (error) {
    if (error instanceof JsonError) return failed(`the arguments of \`${name}\` are not JSON: ${error.message}`);
    if (error instanceof ToolError) return failed(error.message);
    throw error;
  }
}

function textOf({ name }, result) {
  if (typeof result !== "string") throw new TypeError(`the tool \`${name}\` returned ${typeof result}, not text`);
  return result;
}

function failed(text) {
  return { text, isError: true };
}

function shorten(text, most) {
  const start = startOfBytes(text, most);
  return start.length < text.length ? `${start}\n… (cut here by its length)` : text;
}
