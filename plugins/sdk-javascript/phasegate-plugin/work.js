// An agent's assignment and access to its inputs. What cannot be read is a Failure with the name of the input and the
// reason.

import { Failure } from "./failure.js";
import { renderFeedback } from "./feedback.js";
import { read } from "./host.js";
import { JsonError, parse } from "./json.js";
import { writeIndented } from "./json-value.js";
import { isBlank, withoutPrefix } from "./text.js";
import { decode, encode } from "./utf8.js";

/** The assignment of one attempt, with access to its inputs. */
export class Work {
  constructor(assignment) {
    this.assignment = assignment;
  }

  /** Reads an input and parses its JSON. */
  json(name) {
    const text = this.text(name);
    try {
      parse(text);
    } catch (error) {
      throw error instanceof JsonError ? Failure.badInput(name, error.message) : error;
    }
    return JSON.parse(text);
  }

  /** Reads an input that may be absent from the pipeline and parses its JSON; null if it is absent. */
  optionalJson(name) {
    return this.has(name) ? this.json(name) : null;
  }

  /** Reads an input as text. */
  text(name) {
    const text = decode(this.bytes(name));
    if (text === null) throw Failure.badInput(name, "it is not UTF-8 text");
    return text;
  }

  /** Reads an input. */
  bytes(name) {
    const content = read(name);
    if (content.tag === "ok") return content.val;
    const { tag, val } = content.val;
    if (tag === "unknown") {
      throw Failure.badInput(name, "it is not an input of this phase; add it to `reads` in the pipeline");
    }
    throw Failure.badInput(name, tag === "too-large" ? `it is too large: ${val}` : val);
  }

  /** Returns whether an input or a previous artifact has this name. */
  has(name) {
    return [...this.assignment.inputs, ...this.assignment.previous].some((input) => input.name === name);
  }

  /** Reads the input `task_requirements`. Lists that are absent are empty. */
  task() {
    return { requirements: [], context_files: [], constraints: [], ...this.json("task_requirements") };
  }

  /** Reads this phase's artifact of the previous attempt and parses its JSON; null if there is none. */
  previousJson(name) {
    const earlier = this.previousName(name);
    return earlier === null ? null : this.json(earlier);
  }

  /** Reads this phase's artifact of the previous attempt as text; null if there is none. */
  previousText(name) {
    const earlier = this.previousName(name);
    return earlier === null ? null : this.text(earlier);
  }

  previousName(name) {
    const names = [`previous/${name}`, name];
    return this.assignment.previous.find((earlier) => names.includes(earlier.name))?.name ?? null;
  }

  /** Reads the task's context files, `{ path, text }`, in the order of the assignment. */
  contextFiles() {
    const paths = this.assignment.inputs.map((input) => withoutPrefix(input.name, "context/"));
    return paths.filter((path) => path !== null).map((path) => ({ path, text: this.text(`context/${path}`) }));
  }

  /** Reads people's decisions about earlier improvement proposals. Empty if the phase does not read `process_notes`. */
  processNotes() {
    return { approved: [], rejected: [], ...this.optionalJson("process_notes") };
  }

  /** Renders all feedback for a prompt: source, instructions and issues of each item. Empty if there is none. */
  feedbackText() {
    return renderFeedback(this.assignment.feedback);
  }

  /** Returns what code can rely on: languages, modules, test frameworks. Empty if it is unknown. */
  environment() {
    return this.environmentTree().size > 0 ? JSON.parse(this.assignment.environment) : {};
  }

  /** Renders the environment for a prompt. */
  environmentText() {
    const environment = this.environmentTree();
    if (environment.size > 0) return writeIndented(environment);
    return "Unknown: rely only on the language and its standard library.";
  }

  environmentTree() {
    try {
      const environment = parse(this.assignment.environment);
      return environment instanceof Map ? environment : new Map();
    } catch (error) {
      if (error instanceof JsonError) return new Map();
      throw error;
    }
  }

  /** Returns the plugin's settings from the pipeline. */
  settings() {
    return settingsOf(this.assignment.settings);
  }

  /** Returns the JSON Schema of the expected artifact of this name as text; null if none is expected. */
  expectedSchema(name) {
    return this.assignment.expected.find((expected) => expected.name === name)?.schema ?? null;
  }
}

/** Parses the settings of an assignment or of a gate's failure. */
export function settingsOf(text) {
  if (isBlank(text)) return {};
  try {
    parse(text);
    return JSON.parse(text);
  } catch (error) {
    throw error instanceof JsonError
      ? new Failure(`the plugin's settings in the pipeline are invalid: ${error.message}`)
      : error;
  }
}

/** Returns a value as an artifact to submit: indented JSON with a final line break. */
export function artifact(name, value) {
  let json;
  try {
    json = JSON.stringify(value, null, 2);
  } catch (error) {
    throw new Failure(`artifact \`${name}\`: ${error.message}`, { cause: error });
  }
  if (json === undefined) throw new Failure(`artifact \`${name}\`: ${typeof value} is not JSON`);
  return { name, content: encode(`${json}\n`) };
}
