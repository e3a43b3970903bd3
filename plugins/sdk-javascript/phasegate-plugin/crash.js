// Logs errors that are bugs of the plugin: the message and the calls, the innermost first, as lines of the host's log.

import { log } from "./host.js";
import { byteLength, startOfBytes } from "./utf8.js";

/** The most bytes of a logged error. The outermost calls are left out. */
const MAX_BYTES = 8 * 1024;
const MAX_CAUSES = 4;

/** Writes the lines of an error to the host's log. The last one is the reason that the host records. */
export function logCrash(error) {
  for (const line of [...crashLines(error), `panic: ${crashSummary(error)}`]) log.error(line);
}

/** Returns an error with the line of the plugin's own code that is nearest to it. */
export function crashSummary(error) {
  if (!(error instanceof Error)) return `thrown: ${describe(error)}`;
  const calls = (error.stack ?? "").split("\n").flatMap((line) => line.match(/([^\s/(][^\s(]*:\d+):\d+\)?$/)?.[1] ?? []);
  const own = calls.find((call) => !call.includes("phasegate-plugin/"));
  return own === undefined ? String(error) : `${error} (${own})`;
}

/** Returns the lines of an error and of its causes. */
export function crashLines(error) {
  let bytes = 0;
  const kept = [];
  for (const line of allLines(error)) {
    const short = startOfBytes(line, MAX_BYTES - bytes);
    if (short === "") break;
    kept.push(short);
    bytes += byteLength(short) + 1;
  }
  return kept;
}

function allLines(error) {
  const all = [];
  let current = error;
  for (let depth = 0; depth <= MAX_CAUSES && current !== undefined; depth++) {
    const title = current instanceof Error ? String(current) : `thrown: ${describe(current)}`;
    const lines = `${depth > 0 ? "caused by: " : ""}${title}`.split("\n");
    all.push(...lines, ...framesOf(current, title));
    current = current instanceof Error ? current.cause : undefined;
  }
  return all.filter((line) => line.trim() !== "");
}

/** Returns the calls. Some engines repeat the message before them. */
function framesOf(error, title) {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const frames = stack.startsWith(title) ? stack.slice(title.length) : stack;
  return frames.split("\n").map((line) => `  ${line.trim()}`);
}

function describe(value) {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
