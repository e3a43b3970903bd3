// Calls to the host. In a component they are the contract's imports; in a unit test a FakeHost answers them.

import { encode } from "./utf8.js";
import { BenchError } from "./failure.js";

let imports = {};
let isInComponent = false;

/** Sets what answers the calls, and returns what did so before. */
export function use(next) {
  const before = imports;
  imports = next;
  return before;
}

/** Called by the exports of a component. */
export function setComponent() {
  isInComponent = true;
}

export function isComponent() {
  return isInComponent;
}

/** Sends one request to a model. Returns the contract's result: `{ tag: "ok" | "err", val }`. */
export function complete(request) {
  return resultOf(() => imported("models").complete(request));
}

/** Sends requests to models concurrently. Returns their results in the order of the requests. */
export function completeAll(requests) {
  return imported("models").completeAll(requests);
}

/** Reads an input, `previous/NAME` or `repository/PATH`. Returns the contract's result. */
export function read(name) {
  return resultOf(() => imported("artifacts").read(name));
}

/** Lists the files of the repository below a folder. Returns the contract's result. */
export function listFiles(folder) {
  return resultOf(() => imported("artifacts").listFiles(folder));
}

/** Searches lines of the repository. Returns the contract's result. */
export function searchText(text, folder) {
  return resultOf(() => imported("artifacts").searchText(text, folder));
}

/** Validates a value as an artifact of this kind. Returns every fault; empty if the host would accept it. */
export function faults(kind, value) {
  const content = encode(JSON.stringify(value));
  const checked = resultOf(() => imported("artifacts").check(kind, content));
  return checked.tag === "ok" ? [] : checked.val;
}

/**
 * Runs tests on code: the name of an input, or files that are not yet an artifact. Requires the grant `test-bench`. The
 * result never counts for a gate. Throws a BenchError.
 */
export function runTests(language, code, tests) {
  const subject = typeof code === "string" ? { tag: "input", val: code } : { tag: "draft", val: code };
  const run = resultOf(() => imported("testBench").runTests(language, subject, tests));
  if (run.tag === "err") throw new BenchError(run.val.tag, run.val.val);
  return run.val;
}

/** Lines for the run's log. No decision depends on them. */
export const log = {
  debug: (line) => write("debug", line),
  info: (line) => write("info", line),
  warn: (line) => write("warn", line),
  error: (line) => write("error", line),
};

/** Reports the current activity and, where known, the completed fraction from 0.0 to 1.0. */
export function progress(what, fraction = null) {
  imports.log?.progress(what, fraction);
}

function write(level, line) {
  imports.log?.write(level, String(line));
}

function imported(name) {
  if (imports[name] === undefined) {
    const what = `this plugin has no \`${name}\``;
    throw new Error(`${what}: import it in wit/world.wit, and give it to the export in component.js`);
  }
  return imports[name];
}

function resultOf(call) {
  try {
    return { tag: "ok", val: call() };
  } catch (error) {
    // A result of the contract is thrown as an error that has it as its payload.
    if (error instanceof Error && error.payload !== undefined) return { tag: "err", val: error.payload };
    throw error;
  }
}
