// A test runner for files whose lines say which text another file contains: `PATH contains TEXT`.
import { BenchError, BuildErrors } from "./phasegate-plugin/index.js";

export function environment() {
  return {
    language: "{{name}}",
    version: "1",
    modules: [],
    test_frameworks: ["contains"],
    notes: ["A test is a line `PATH contains TEXT` of a file in `tests/`."],
  };
}

// Returns the names of all tests.
export function collect(_code, tests) {
  const [names, faults] = [[], []];
  for (const file of tests) {
    const { expectations, fault } = parse(file);
    if (fault) faults.push(fault);
    else if (expectations.length === 0) names.push(file.path);
    else names.push(...expectations.map(({ name }) => name));
  }
  if (faults.length > 0) throw new BuildErrors(faults);
  return names;
}

export function runTests(code, tests, path) {
  const file = tests.find((file) => file.path === path);
  if (!file) throw new BenchError("invalid", `there is no test file ${path}`);
  const { expectations, fault } = parse(file);
  if (fault) throw new BenchError("invalid", fault);
  return { tests: expectations.map((expectation) => judge(expectation, code)) };
}

// Returns name, path and text of each line, or the first fault as `path:line: message`.
function parse(file) {
  const expectations = [];
  for (const [index, line] of file.content.split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const parts = line.match(/^(.*?) contains (.*)$/);
    if (!parts) return { expectations, fault: `${file.path}:${index + 1}: write \`PATH contains TEXT\`` };
    expectations.push({ name: `${file.path}::line ${index + 1}`, path: parts[1], text: parts[2] });
  }
  return { expectations };
}

function judge({ name, path, text }, code) {
  const file = code.find((file) => file.path === path);
  if (!file) return { name, outcome: "errored", message: `there is no file ${path}` };
  if (file.content.includes(text)) return { name, outcome: "passed" };
  return { name, outcome: "failed", message: `${path} does not contain \`${text}\`` };
}
