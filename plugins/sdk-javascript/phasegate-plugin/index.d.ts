// SDK for Phasegate plugins. README.md of the package contains a complete plugin.

/// <reference path="./imports.d.ts" />

import type { Findings, Issue, ProcessNotes, RepositoryMap, TaskRequirements } from "./artifacts.js";
import type {
  Artifact, Assignment, ContractFindings, ContractIssue, Decision, FeedbackItem, File, Outcome, PastAttempt,
  RepositoryFile, Revision, TestRun,
} from "./contract.js";

export * from "./artifacts.js";
export * from "./contract.js";

type Json = { [member: string]: unknown };

/** The work could not be done. The host shows the reason to people and, on retry, to the next attempt. */
export class Failure extends Error {
  constructor(reason: string, options?: { cause?: unknown });
  /** An input is unusable. */
  static badInput(input: string, reason: string): Failure;
  readonly reason: string;
  /** The name of the unusable input. */
  readonly input: string | null;
}

export type BenchErrorKind = "no-runner" | "limit" | "invalid" | "other";

/** Tests could not be run. */
export class BenchError extends Failure {
  constructor(kind: BenchErrorKind, why: string, options?: { cause?: unknown });
  readonly kind: BenchErrorKind;
  readonly why: string;
}

/** The build errors of a runner's `collect`, each as `path:line: message`. */
export class BuildErrors extends Error {
  constructor(errors: string[]);
  readonly errors: string[];
}

/** The error of a tool that a model called, worded so that the model can correct its call. */
export class ToolError extends Error {
  constructor(message: string);
}

/** The assignment of one attempt, with access to its inputs. What cannot be read is a Failure. */
export class Work {
  constructor(assignment: Assignment);
  readonly assignment: Assignment;
  /** Reads the input `task_requirements`. */
  task(): TaskRequirements;
  /** Reads an input and parses its JSON. */
  json<T = any>(name: string): T;
  /** Reads an input that may be absent from the pipeline and parses its JSON. */
  optionalJson<T = any>(name: string): T | null;
  /** Reads an input as text. */
  text(name: string): string;
  /** Reads an input. */
  bytes(name: string): Uint8Array;
  /** Returns whether an input or a previous artifact has this name. */
  has(name: string): boolean;
  /** Reads this phase's artifact of the previous attempt and parses its JSON. */
  previousJson<T = any>(name: string): T | null;
  /** Reads this phase's artifact of the previous attempt as text. */
  previousText(name: string): string | null;
  /** Reads the task's context files in the order of the assignment. */
  contextFiles(): { path: string; text: string }[];
  /** Reads people's decisions about earlier improvement proposals. Empty if the phase does not read `process_notes`. */
  processNotes(): ProcessNotes;
  /** Renders all feedback for a prompt. Empty if there is none. */
  feedbackText(): string;
  /** Returns what code can rely on: languages, modules, test frameworks. Empty if it is unknown. */
  environment(): Json;
  /** Renders the environment for a prompt. */
  environmentText(): string;
  /** Returns the plugin's settings from the pipeline. */
  settings<T = any>(): T;
  /** Returns the JSON Schema of the expected artifact of this name as text. */
  expectedSchema(name: string): string | null;
}

/** Returns a value as an artifact to submit: indented JSON with a final line break. */
export function artifact(name: string, value: unknown): Artifact;

/** What an agent returns. Findings are present only if the phase is a gate. */
export interface Submission {
  artifacts: (Artifact | { name: string; content: string })[];
  findings?: Findings | ContractFindings | null;
}

/** Which requests share a section's text, from the most to the fewest. Sections are sent in this order. */
export type SharedBy = "run" | "phases" | "agent" | "subject" | "attempt" | "call";

/** The text of a user message in sections. */
export class Sections {
  /** Adds a section after those that the same requests share. An empty one adds nothing. */
  add(sharedBy: SharedBy, text: string): this;
  /** Returns one text for each group of sections that the same requests share. */
  texts(): string[];
}

/** A function that a model can call. It gets a JSON object and returns text; the error for the model is a ToolError. */
export interface Tool {
  name: string;
  description: string;
  /** JSON Schema of the arguments. */
  parameters: string | object;
  call(given: any): string;
}

export interface QuestionOptions {
  /** `fast`, `default` or `deep`; default: `default`. */
  tier?: string;
  /** JSON Schema of the answer. Models write the members in its order. */
  schema?: string | object | null;
  /** Limit of the first answer in tokens; default: 16,000. */
  maxOutputTokens?: number;
  /** What the model can call before it answers: at most 20 times, 100 calls and 128 KiB of results. */
  tools?: Tool[];
}

/** Returns every fault of a value, worded so that a model can correct it. */
export type CheckAnswer<T> = (value: T, json: string) => string[];

/** A question and the form of its answer, for `askAll`. */
export interface Ask<T> {
  steps(): Generator<unknown, T>;
}

/** A question to a model. */
export class Question {
  /** `label` is the purpose of the call, for example `design`; shown to people and used in reports. */
  constructor(label: string, system: string, user: string | Sections, options?: QuestionOptions);
  readonly label: string;
  user: Sections;
  tools: Tool[];
  /** Asks, and returns the answer as text. Makes up to four calls if the answer is truncated. */
  text(): string;
  /**
   * Asks, and returns the answer as a JSON value: an object, or a list if the schema asks for one. Its members are what
   * the model wrote: `check` is where to examine them.
   */
  json<T = any>(check?: CheckAnswer<T>): T;
  asText(): Ask<string>;
  asJson<T = any>(check?: CheckAnswer<T>): Ask<T>;
}

/** Asks several questions. Their first calls are made concurrently. Returns the answers in their order. */
export function askAll<A extends readonly Ask<any>[] | []>(asks: A): { -readonly [K in keyof A]: Answered<A[K]> };
type Answered<A> = A extends Ask<infer T> ? T : never;

/** Asks as `askAll` does. A question that fails does not end the others. */
export function askAllSettled<T>(
  asks: readonly Ask<T>[],
): ({ status: "fulfilled"; value: T } | { status: "rejected"; reason: Failure })[];

/** The text of a prompt with `{{name}}` placeholders. */
export class Prompt {
  constructor(text: string);
  /** Returns the text with all placeholders replaced and trailing white space removed. */
  render(values?: { [name: string]: string }): string;
}

/**
 * Returns `text` as a block that is marked as data. `title` stands outside of its fence: give words of your own. Names
 * that a file or a model gave belong inside, see `fencedNamed`.
 */
export function fenced(title: string, text: string): string;
/** Returns `text` as `fenced` does, with a name that a file or a model gave as the first line inside the fence. */
export function fencedNamed(title: string, name: string, text: string): string;

/** Validates a value as an artifact of this kind. Returns every fault; empty if the host would accept it. */
export function faults(kind: string, value: unknown): string[];

/** Lines for the run's log. */
export const log: { [level in "debug" | "info" | "warn" | "error"]: (line: string) => void };
/** Reports the current activity and, where known, the completed fraction from 0.0 to 1.0. */
export function progress(what: string, fraction?: number | null): void;

/**
 * Runs tests on code: the name of an input, or files that are not yet an artifact. Requires the grant `test-bench`. The
 * result never counts for a gate. Throws a BenchError.
 */
export function runTests(language: string, code: string | File[], tests: File[]): TestRun;

/** The repository that a run starts from. */
export class Repository {
  /** Reads the map. Null if the phase does not read `repository_map` or the run has no repository. */
  static open(work: Work): Repository | null;
  readonly map: RepositoryMap;
  /** Returns the content of a file. */
  read(path: string): Uint8Array;
  /** Returns the text of a file. Null if it does not exist, cannot be read, or is not UTF-8 text. */
  text(path: string): string | null;
  /** Returns whether a file of this path exists, also one that cannot be read. */
  contains(path: string): boolean;
  /** Returns all files, sorted by path, if the texts together take at most this many tokens. */
  whole(tokens: number): (RepositoryFile & { text: string | null })[] | null;
  /** Returns functions that let a model list, read and search the files. */
  tools(): Tool[];
}

/** Renders feedback for a prompt. Empty if there is none. */
export function renderFeedback(items: FeedbackItem[]): string;
export function renderIssue(issue: ContractIssue): string;
/** Returns findings, or an issue, as the contract's record. */
export function toFindings(findings: Findings | ContractFindings): ContractFindings;
export function toIssue(issue: Issue | ContractIssue): ContractIssue;
/** Returns an issue of the contract as artifacts and models have it. */
export function toJsonIssue(issue: ContractIssue): Issue;

/** What a strategy decides about. */
export interface GateFailure {
  gate: string;
  attempt: number;
  attemptsLeft: number;
  issues: ContractIssue[];
  /** The reason that a person gave for rejecting the work. */
  personWords: string | null;
  /** The phases that this gate may send back to, earliest first. */
  mayRevise: string[];
  /** The failed attempts before this one, oldest first. */
  history: PastAttempt[];
  settings: any;
}

export function revise(revisions: Revision[]): Decision;
export function askAPerson(why: string): Decision;
export function giveUp(why: string): Decision;

/** What a runner returns. A message that is absent is none. */
export interface TestRunResult {
  buildErrors?: string[];
  tests?: { name: string; outcome: Outcome; message?: string | null; output?: string }[];
}

/** A test runner for untrusted code. */
export interface Runner {
  /** `language`, `version`, `modules`, `test_frameworks`, `notes`. */
  environment(): Json | string;
  /** Returns the names of the tests, found by parsing only. Throws BuildErrors. */
  collect(code: File[], tests: File[]): string[];
  /** Runs the tests of the file `path`, which is one of `tests`. Throws a BenchError. */
  runTests(code: File[], tests: File[], path: string): TestRunResult;
}

type ModelsImport = typeof import("phasegate:plugin/models-blocking@0.1.0");
type ArtifactsImport = typeof import("phasegate:plugin/artifacts@0.1.0");
type TestBenchImport = typeof import("phasegate:plugin/test-bench-blocking@0.1.0");
type LogImport = typeof import("phasegate:plugin/log@0.1.0");

/** The interfaces that the plugin's world imports. */
export interface AgentImports {
  models?: ModelsImport;
  artifacts?: ArtifactsImport;
  testBench?: TestBenchImport;
  log?: LogImport;
}

/** Exports an agent as the component's `agentBlocking`. */
export function exportAgent(
  run: (work: Work) => Submission,
  imports: AgentImports,
): { run(assignment: Assignment): unknown };
/** Exports a feedback strategy as the component's `feedback`. Pure: the same failure gives the same decision. */
export function exportStrategy(
  decide: (failure: GateFailure) => Decision,
  imports?: { log?: LogImport },
): { decide(failure: unknown): Decision };
/** Exports a test runner as the component's `runner`. */
export function exportRunner(runner: Runner): {
  environment(): string;
  collect(code: File[], tests: File[]): string[];
  runTests(code: File[], tests: File[], path: string): TestRun;
};

/** One replacement in a file: the text as it stands there, and what takes its place. */
export interface Edit {
  find: string;
  replace: string;
}

/** The changed text, or why the change does not fit, worded so that a model can correct it. */
export type Edited = { text: string; faults?: undefined } | { faults: string[]; text?: undefined };

/** Applies edits in their order, each to the result of those before. Names all that do not fit. */
export function applyEdits(base: string, edits: Edit[]): Edited;
/** Applies a unified diff of one file. Line numbers of hunks decide only between several places that fit. */
export function applyDiff(base: string, diff: string): Edited;
/** Returns the whole text of a changed file with the line endings and the byte order mark of the file as it was. */
export function keepForm(base: string, text: string): string;
/** Returns the difference of a file's text as a unified diff. Null is a file that does not exist. */
export function unified(path: string, old: string | null, next: string | null): string;
