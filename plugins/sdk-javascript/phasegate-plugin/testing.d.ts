// A scripted host for unit tests with `node --test`. Not part of a component.

import type {
  Artifact, Assignment, Content, ContractSubmission, File, ModelErrorKind, Request, Subject, TestRun,
} from "./contract.js";
import type { BenchError, Submission, Work } from "./index.js";

/** Text, bytes, or a value to be written as JSON. */
type Given = string | Uint8Array | object;

/** Scripted inputs and answers, and the calls made so far. A call without a scripted answer is an error. */
export class FakeHost {
  /** Model calls, in order. */
  requests: Request[];
  /** Test runs, in order. */
  testRuns: { language: string; code: Subject; tests: File[] }[];
  /** Log lines as `level: line`, and progress reports. */
  log: string[];
  /** Changes the assignment in place. */
  assignment(change: (assignment: Assignment) => void): this;
  input(name: string, kind: string, content: Given): this;
  /** Adds a file to the run's repository, and to its map. */
  file(path: string, content: string | Uint8Array): this;
  /** Adds an artifact of the previous attempt. Give `name` without `previous/`. */
  previous(name: string, kind: string, content: Given): this;
  /** Scripts the next complete answer for this label. */
  answer(label: string, text: string | object): this;
  /** Scripts the next answer for this label as cut off at the limit of the request. */
  truncatedAnswer(label: string, text: string): this;
  /** Scripts the next answer for this label with a stop reason, for example `refusal`. */
  response(label: string, text: string | object, stop: string): this;
  /** Scripts the next answer for this label in all its parts. */
  content(label: string, content: Content[], stop: string, outputTokens?: number): this;
  /** Scripts the next answer for this label as calls of tools, each with its name and arguments. */
  calls(label: string, calls: [name: string, given: string | object][], before?: Content[]): this;
  /** Scripts an error for the next call of this label. */
  modelError(label: string, tag: ModelErrorKind, why: string): this;
  /** Scripts the next test run. */
  testRun(run: TestRun | BenchError): this;
  /** Sets the validation of artifacts: a function from kind and content to faults. */
  checkWith(check: (kind: string, content: string) => string[]): this;
  /** Runs an agent. Returns its submission as the component would give it to the host; throws its Failure. */
  run(agent: (work: Work) => Submission): ContractSubmission;
  /** Runs a part of an agent, and returns its result. */
  runWith<T>(part: (work: Work) => T): T;
}

/** Returns all text of a request's messages, joined without a separator. */
export function requestText(request: Request): string;
/** Returns the JSON of a submission's artifact. */
export function artifactJson(submission: { artifacts: Artifact[] }, name: string): any;
