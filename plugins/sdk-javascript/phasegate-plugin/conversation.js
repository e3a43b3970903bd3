// The messages of a question and what its answers hold.

import { joinContinuation } from "./answer.js";
import { fenced } from "./prompt.js";
import { Allowance } from "./tools.js";

/** The messages so far, and what is left of the limits of tool calls. */
export class Conversation {
  constructor(system, sections) {
    const parts = sections.texts().map(textPart);
    this.messages = [message("system", [textPart(system)]), message("user", parts)];
    this.allowance = new Allowance();
  }

  /** Returns the messages, an answer to them, and a further request. */
  with(answer, request) {
    return [...this.messages, answer.asMessage(), message("user", [textPart(request)])];
  }

  /** Returns the messages with a limit added to the last one, for a model that cannot write more. */
  withLimit(limit) {
    const text =
      `Your first answer was cut off at ${limit} tokens, and you cannot write more than that. Give the whole answer ` +
      "within that limit: shorten descriptions, and leave nothing out that is required.";
    const { role, content } = this.messages.at(-1);
    return [...this.messages.slice(0, -1), message(role, [...content, textPart(text)])];
  }
}

/** An answer, or several joined ones. */
export class Answer {
  constructor(response) {
    /** Blocks of the provider, such as reasoning. */
    this.blocks = blocksOf(response);
    this.text = textOf(response);
  }

  /** Adds the continuation of a truncated text. */
  extend(continuation) {
    this.text = joinContinuation(this.text, textOf(continuation));
    this.blocks.push(...blocksOf(continuation));
  }

  /** Returns the answer as the model's message in a later request: blocks are repeated unchanged, before the text. */
  asMessage() {
    return message("assistant", [...this.blocks, textPart(this.text)]);
  }
}

/** Returns the text of a response. */
export function textOf(response) {
  const texts = response.content.filter((part) => part.tag === "text").map((part) => part.val);
  return texts.join("");
}

/** Returns the request to correct an answer. Faults repeat words of the answer, so they are fenced as data. */
export function repairPrompt(faults, schema) {
  const list = fenced("Faults", faults.map((fault) => `- ${fault}\n`).join(""));
  const form = schema === null ? "" : `The answer must satisfy this JSON Schema:\n\n${schema}\n\n`;
  return (
    `This answer cannot be used.\n\n${list}\n${form}Fix exactly these faults and keep everything else. Answer with ` +
    "the whole corrected JSON and nothing around it."
  );
}

function blocksOf(response) {
  return response.content.filter((part) => part.tag === "opaque");
}

function textPart(text) {
  return { tag: "text", val: text };
}

function message(role, content) {
  return { role, content };
}
