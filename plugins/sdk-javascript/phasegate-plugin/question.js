// One question to a model, with another call where the answer is cut off or unusable.
//
// The value of `json` is found wherever it stands in the answer. A cut answer is asked for once more with four times
// the room, or within the model's own limit; an answer that is not JSON, does not fit its schema or fails the caller's
// check gets one repair question with the exact faults and the schema. A truncated text is continued up to three times.
// Follow-up questions repeat the model's reasoning as the host returned it.
//
// A refusal, a denied call, a full context window or a second unusable answer is a Failure.

import { Answer, Conversation, repairPrompt, textOf } from "./conversation.js";
import { Failure } from "./failure.js";
import { choose, formOf } from "./fit.js";
import { complete, completeAll, log } from "./host.js";
import { forModels } from "./schema.js";
import { Sections } from "./sections.js";
import { isBlank } from "./text.js";
import { describeTool } from "./tools.js";

const MAX_CONTINUATIONS = 3;
/** How many times as long as the first answer the second one may be. */
const MORE_ROOM = 4;
const MAX_TOKENS = 2 ** 32 - 1;
const CONTINUE_PROMPT =
  "Your answer was cut off by its length. Continue exactly where it stopped: no repetition, no introduction, " +
  "no new fence, only the characters that follow.";
const ERRORS = {
  denied: "the host does not allow this model call: ",
  budget: "the budget is exhausted: ",
  invalid: "the request cannot be answered: ",
  "too-long": "the request is too long for the model: ",
  unavailable: "the model cannot be reached: ",
  other: "",
};

/** A question to a model. */
export class Question {
  constructor(label, system, user, options = {}) {
    const { tier = "default", schema = null, maxOutputTokens = 16_000, tools = [], ...unknown } = options;
    for (const name of Object.keys(unknown)) throw new TypeError(`a question has no option \`${name}\``);
    this.label = label;
    this.system = system;
    this.user = Sections.from(user);
    this.tier = tier;
    this.schema = schema === null ? null : forModels(schema);
    this.maxOutputTokens = maxOutputTokens;
    this.tools = tools;
  }

  /** Asks, and returns the answer as text. Makes up to four calls if the answer is truncated. */
  text() {
    return ask(this.asText());
  }

  /**
   * Asks, and returns the answer as a JSON value. `check` gets the value and its JSON text and returns every fault,
   * worded so that a model can correct it. If the answer contains several values, exactly one distinct value must fit.
   */
  json(check) {
    return ask(this.asJson(check));
  }

  /** Returns this question and the form of its answer, for `askAll`. */
  asText() {
    return { steps: () => textSteps(this) };
  }

  /** Returns this question and the form and check of its answer, for `askAll`. */
  asJson(check = () => []) {
    return { steps: () => jsonSteps(this, check) };
  }
}

/** Asks several questions. Their first calls are made concurrently. Returns the answers in their order. */
export function askAll(asks) {
  return firstResults(asks).map(([steps, result]) => finish(steps, result));
}

/** Asks as `askAll` does. A question that fails does not end the others: returns what `Promise.allSettled` would. */
export function askAllSettled(asks) {
  return firstResults(asks).map(([steps, result]) => {
    try {
      return { status: "fulfilled", value: finish(steps, result) };
    } catch (reason) {
      if (reason instanceof Failure) return { status: "rejected", reason };
      throw reason;
    }
  });
}

function ask({ steps }) {
  const running = steps();
  return finish(running, complete(running.next().value));
}

/** Steps yield requests and get the contract's results. */
function firstResults(asks) {
  const started = asks.map(({ steps }) => steps());
  const requests = started.map((steps) => steps.next().value);
  const results = requests.length === 0 ? [] : completeAll(requests);
  return started.map((steps, at) => [steps, results[at]]);
}

function finish(steps, firstResult) {
  let step = steps.next(firstResult);
  while (!step.done) step = steps.next(complete(step.value));
  return step.value;
}

function* textSteps(question) {
  const { label } = question;
  let limit = question.maxOutputTokens;
  const talk = new Conversation(question.system, question.user);
  let last = yield* conversationSteps(question, label, talk, limit);
  const answer = new Answer(last);
  for (let times = 0; times < MAX_CONTINUATIONS; times++) {
    if (!isCut(last)) return answer.text;
    limit = limitOfModel(label, last, limit);
    if (isBlank(answer.text)) throw new Failure(`\`${label}\`: the model used ${limit} tokens without an answer`);
    last = yield* send(question, `${label}/continue`, talk.with(answer, CONTINUE_PROMPT), limit, false);
    answer.extend(last);
  }
  if (isCut(last)) {
    throw new Failure(`\`${label}\`: the answer exceeds ${MAX_CONTINUATIONS + 1} times ${limit} tokens`);
  }
  return answer.text;
}

function* jsonSteps(question, check) {
  const { label, schema } = question;
  const form = formOf(schema);
  const read = (answer) => choose(answer, form, check);
  const talk = new Conversation(question.system, question.user);
  const first = yield* wholeSteps(question, label, talk, read);
  if (first.faults === undefined) return first.value;
  log.info(`${label}: asking again: ${first.faults.join("; ")}`);
  talk.messages = talk.with(first.answer, repairPrompt(first.faults, schema));
  const second = yield* wholeSteps(question, `${label}/repair`, talk, read);
  if (second.faults === undefined) return second.value;
  const why = second.faults.join("; ");
  throw new Failure(`the model's answer to \`${label}\` is unusable, also after one repair: ${why}`);
}

/** Asks, and asks once more with more room if the answer is cut off before it is complete. */
function* wholeSteps(question, label, talk, read) {
  let limit = question.maxOutputTokens;
  let response = yield* conversationSteps(question, label, talk, limit);
  let answer = new Answer(response);
  let result = read(answer.text);
  if (result.faults !== undefined && isCut(response)) {
    const ofModel = limitOfModel(question.label, response, limit);
    const isOwn = ofModel < limit;
    limit = isOwn ? ofModel : Math.min(limit * MORE_ROOM, MAX_TOKENS);
    log.info(`${label}: the answer was cut off; asking again for up to ${limit} tokens`);
    response = yield* conversationSteps(question, `${label}/longer`, talk, limit, isOwn);
    answer = new Answer(response);
    result = read(answer.text);
  }
  if (result.faults !== undefined && isCut(response)) {
    limit = limitOfModel(question.label, response, limit);
    throw new Failure(`\`${label}\`: the answer exceeds ${limit} tokens`);
  }
  return { ...result, answer };
}

/**
 * Asks, and answers the model's tool calls until it gives an answer. The calls and their results join the conversation.
 * A model with a limit of its own is told that limit.
 */
function* conversationSteps(question, label, talk, limit, isOwnLimit = false) {
  let current = label;
  for (;;) {
    const messages = isOwnLimit ? talk.withLimit(limit) : talk.messages;
    const mayCall = talk.allowance.isLeft();
    const response = yield* send(question, current, messages, limit, mayCall);
    const hasTools = question.tools.length > 0;
    const turns = mayCall && hasTools ? talk.allowance.answer(question.tools, response) : [];
    if (turns.length === 0) return response;
    talk.messages = [...talk.messages, ...turns];
    current = `${label}/tools`;
  }
}

function* send(question, label, messages, maxOutputTokens, mayCall) {
  const tools = question.tools.map(describeTool);
  const result = yield {
    label,
    tier: question.tier,
    messages,
    tools,
    toolChoice: mayCall && tools.length > 0 ? "auto" : "none",
    answerSchema: question.schema,
    maxOutputTokens,
    temperature: null,
  };
  if (result.tag === "err") throw new Failure(`\`${label}\`: ${ERRORS[result.val.tag]}${result.val.val}`);
  const response = result.val;
  if (response.stop === "refusal") {
    throw new Failure(`\`${label}\`: the model ${response.model} refused: ${textOf(response)}`);
  }
  return response;
}

/**
 * Returns the limit that cut an answer off: the one that was asked for, or the model's own lower one. Fails if the
 * context window is full: neither more room nor a continuation would help.
 *
 * The limits of models are round numbers; what a prompt leaves of a window is not.
 */
function limitOfModel(label, { usage, model }, limit) {
  const used = usage.outputTokens;
  if (used === 0 || used >= limit) return limit;
  if (used % 256 === 0 || used % 500 === 0) return used;
  if (used >= Math.floor(limit / 2)) return limit;
  const what = `the model ${model} stopped after ${used} of ${limit} tokens`;
  const why = "its context window is full, or its own limit for an answer is lower";
  const hint = "use a model with a larger window, or give it less context";
  throw new Failure(`\`${label}\`: ${what}: ${why}; ${hint}`);
}

function isCut(response) {
  return response.stop === "max-tokens";
}
