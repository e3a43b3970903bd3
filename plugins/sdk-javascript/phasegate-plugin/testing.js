// A scripted host for unit tests with `node --test`. Not part of a component.
//
// A model call whose label has no scripted answer left is an error, so a test must list every expected call.

import { toSubmission } from "./exports.js";
import { use } from "./host.js";
import { decode, decodeLossy, encode } from "./utf8.js";
import { lines } from "./text.js";
import { Work } from "./work.js";

const MAP = "repository_map";

/** Scripted inputs and answers, and the calls made so far: `requests`, `testRuns` and `log`. */
export class FakeHost {
  /** Creates a host without inputs: task `TASK-001`, attempt 1, every artifact valid. */
  constructor() {
    /** Model calls, in order. */
    this.requests = [];
    /** Test runs, in order: `{ language, code, tests }`. */
    this.testRuns = [];
    /** Log lines as `level: line`, and progress reports. */
    this.log = [];
    this.record = defaultAssignment();
    this.contents = new Map();
    this.paths = [];
    this.answers = new Map();
    this.scriptedRuns = [];
    this.check = () => [];
  }

  /** Changes the assignment in place. */
  assignment(change) {
    change(this.record);
    return this;
  }

  /** Adds an input with its kind and content: text, bytes, or a value to be written as JSON. */
  input(name, kind, content) {
    this.record.inputs.push(this.put(name, kind, content));
    return this;
  }

  /** Adds a text or binary file to the run's repository, and to its map. The phase may then read the repository. */
  file(path, content) {
    this.put(`repository/${path}`, "file", content);
    this.paths = [...new Set([...this.paths, path])].sort();
    this.record.inputs = this.record.inputs.filter((input) => input.name !== MAP);
    return this.input(MAP, MAP, this.map());
  }

  map() {
    const files = this.repositoryFiles("");
    const texts = files.filter((file) => file.kind === "text");
    return {
      commit: "1".repeat(40),
      tree: "2".repeat(40),
      files: files.length,
      text_bytes: texts.reduce((sum, file) => sum + file.size, 0),
      languages: {},
      paths: files.map(({ path, size, kind }) => (kind === "text" ? { path, size } : { path, size, kind })),
      left_out: 0,
      notes: [],
    };
  }

  /** Adds an artifact of the previous attempt. Give `name` without `previous/`. */
  previous(name, kind, content) {
    this.record.previous.push(this.put(`previous/${name}`, kind, content));
    return this;
  }

  /** Scripts the next complete answer for this label. A value is written as JSON. */
  answer(label, text) {
    return this.response(label, text, "end");
  }

  /** Scripts the next answer for this label as cut off at the limit of the request. */
  truncatedAnswer(label, text) {
    return this.content(label, [{ tag: "text", val: text }], "max-tokens", Infinity);
  }

  /** Scripts the next answer for this label with a stop reason, for example `refusal`, after one output token. */
  response(label, text, stop) {
    return this.content(label, [{ tag: "text", val: typeof text === "string" ? text : JSON.stringify(text) }], stop, 1);
  }

  /** Scripts the next answer for this label in all its parts, with the number of its output tokens. */
  content(label, content, stop, outputTokens = 1) {
    const usage = { inputTokens: 1, outputTokens, cachedInputTokens: 0, usd: null };
    return this.script(label, { tag: "ok", val: { content, stop, model: "test:mock", usage } });
  }

  /**
   * Scripts the next answer for this label as calls of tools, `[name, arguments]` each. Their ids are `call-1`,
   * `call-2`, ….
   */
  calls(label, calls, before = []) {
    const parts = calls.map(([name, given], at) => ({
      tag: "tool-call",
      val: { id: `call-${at + 1}`, name, arguments: typeof given === "string" ? given : JSON.stringify(given) },
    }));
    return this.content(label, [...before, ...parts], "tool-calls");
  }

  /** Scripts an error for the next call of this label, for example `budget`. */
  modelError(label, tag, why) {
    return this.script(label, { tag: "err", val: { tag, val: why } });
  }

  script(label, result) {
    this.answers.set(label, [...(this.answers.get(label) ?? []), result]);
    return this;
  }

  /** Scripts the next test run: `{ buildErrors, tests }`, or a BenchError. */
  testRun(run) {
    this.scriptedRuns.push(run);
    return this;
  }

  /** Sets the validation of artifacts: a function from kind and content (text) to faults. */
  checkWith(check) {
    this.check = check;
    return this;
  }

  /**
   * Runs an agent on this host. Returns its submission as the component would give it to the host; throws its Failure.
   */
  run(agent) {
    return this.runWith((work) => toSubmission(agent(work)));
  }

  /** Runs a part of an agent on this host, and returns its result. */
  runWith(part) {
    const before = use(this.imports());
    try {
      return part(new Work(this.record));
    } finally {
      use(before);
    }
  }

  put(name, kind, content) {
    const bytes = bytesOf(content);
    this.contents.set(name, bytes);
    return { name, kind, digest: `sha256:${String(bytes.length).padStart(64, "0")}`, size: bytes.length };
  }

  imports() {
    return {
      models: {
        complete: (request) => okOrThrow(this.complete(request)),
        completeAll: (requests) => requests.map((request) => this.complete(request)),
      },
      artifacts: {
        inputs: () => [...this.record.inputs, ...this.record.previous],
        read: (name) => this.contents.get(name) ?? throwPayload({ tag: "unknown", val: name }),
        listFiles: (folder) => ({ files: this.repositoryFiles(folder), leftOut: 0 }),
        searchText: (text, folder) => ({ matches: this.matches(text, folder), incomplete: false }),
        check: (kind, content) => {
          const faults = this.check(kind, decode(content));
          if (faults.length > 0) throwPayload(faults);
        },
      },
      testBench: { runTests: (language, code, tests) => this.nextTestRun(language, code, tests) },
      log: {
        write: (level, line) => this.log.push(`${level}: ${line}`),
        progress: (what, fraction) => this.log.push(`progress: ${what}${fraction === null ? "" : ` ${fraction}`}`),
      },
    };
  }

  complete(request) {
    this.requests.push(request);
    const next = this.answers.get(request.label)?.shift();
    if (next === undefined) {
      const scripted = [...this.answers].map(([label, left]) => `\`${label}\` (${left.length} left)`);
      const known = scripted.length === 0 ? "no answer is scripted" : `scripted: ${scripted.join(", ")}`;
      throw new Error(`FakeHost has no answer left for \`${request.label}\`; ${known}`);
    }
    if (next.tag === "err") return next;
    const outputTokens = Math.min(next.val.usage.outputTokens, request.maxOutputTokens);
    return { tag: "ok", val: { ...next.val, usage: { ...next.val.usage, outputTokens } } };
  }

  repositoryFiles(folder) {
    if (this.paths.length === 0) throwPayload({ tag: "unknown", val: "this run has no repository" });
    const below = this.paths.filter((path) => folder === "" || path.startsWith(`${folder}/`));
    return below.map((path) => {
      const content = this.contents.get(`repository/${path}`);
      return { path, size: content.length, kind: content.includes(0) ? "binary" : "text" };
    });
  }

  matches(text, folder) {
    const wanted = text.toLowerCase();
    return this.repositoryFiles(folder).flatMap(({ path }) => {
      const all = lines(decodeLossy(this.contents.get(`repository/${path}`)));
      const numbered = all.map((line, at) => ({ path, line: at + 1, text: line }));
      return numbered.filter((hit) => hit.text.toLowerCase().includes(wanted));
    });
  }

  nextTestRun(language, code, tests) {
    this.testRuns.push({ language, code, tests });
    const next = this.scriptedRuns.shift();
    if (next === undefined) throw new Error(`FakeHost has no test run left for \`${language}\``);
    return next instanceof Error ? throwPayload({ tag: next.kind, val: next.why }) : next;
  }
}

/** Returns all text of a request's messages, joined without a separator. */
export function requestText(request) {
  const parts = request.messages.flatMap((message) => message.content);
  return parts.filter((part) => part.tag === "text").map((part) => part.val).join("");
}

/** Returns the JSON of a submission's artifact. */
export function artifactJson(submission, name) {
  const found = submission.artifacts.find((artifact) => artifact.name === name);
  if (found === undefined) throw new Error(`the submission has no artifact \`${name}\``);
  return JSON.parse(decode(found.content));
}

function okOrThrow(result) {
  return result.tag === "ok" ? result.val : throwPayload(result.val);
}

/** Throws an error of the contract as a component gets it. */
function throwPayload(payload) {
  throw Object.assign(new Error(JSON.stringify(payload)), { payload });
}

function bytesOf(content) {
  if (content instanceof Uint8Array) return content;
  return encode(typeof content === "string" ? content : JSON.stringify(content));
}

function defaultAssignment() {
  return {
    runId: "run-1",
    taskId: "TASK-001",
    phase: "phase",
    attempt: 1,
    inputs: [],
    expected: [],
    previous: [],
    feedback: [],
    environment: "{}",
    settings: "{}",
  };
}
