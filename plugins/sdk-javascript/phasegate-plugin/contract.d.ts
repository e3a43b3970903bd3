// The records of the contract in wit/, as components in JavaScript get and give them.

export type Severity = "low" | "medium" | "high" | "critical";
export type Level = "debug" | "info" | "warn" | "error";
export type Outcome = "passed" | "failed" | "errored" | "skipped";

export interface Location {
  path: string;
  /** From 1. */
  line: number | null;
}

/** A defect that a gate found. */
export interface ContractIssue {
  id: string;
  severity: Severity;
  category: string;
  defectType: string;
  /** Name of the phase whose work contains the fault. */
  phaseInjected: string;
  description: string;
  evidence: string;
  impact: string;
  recommendation: string | null;
  location: Location | null;
}

export interface ContractSuggestion {
  issueId: string | null;
  priority: string;
  description: string;
}

export interface ContractCheck {
  item: string;
  /** `pass`, `fail`, `warning` or `not_applicable`. */
  status: string;
  notes: string;
}

export interface ContractFindings {
  issues: ContractIssue[];
  suggestions: ContractSuggestion[];
  checks: ContractCheck[];
  reviewers: string[];
}

/** Name, kind, digest and size (in bytes) of a stored artifact. */
export interface ArtifactRef {
  name: string;
  kind: string;
  digest: string;
  size: number;
}

/** An artifact that this phase must produce, with its JSON Schema as text. */
export interface Expected {
  name: string;
  kind: string;
  schema: string;
}

export interface FeedbackItem {
  /** The gate's name, `person:NAME`, or `host`. */
  source: string;
  about: string[];
  issues: ContractIssue[];
  instructions: string;
}

export interface Assignment {
  runId: string;
  taskId: string;
  phase: string;
  /** From 1. */
  attempt: number;
  inputs: ArtifactRef[];
  expected: Expected[];
  /** This phase's artifacts of the previous attempt, named `previous/NAME`. */
  previous: ArtifactRef[];
  feedback: FeedbackItem[];
  /** JSON as text. */
  environment: string;
  /** JSON as text. */
  settings: string;
}

export interface Artifact {
  name: string;
  content: Uint8Array;
}

export interface ContractSubmission {
  artifacts: Artifact[];
  findings: ContractFindings | null;
}

export interface PastAttempt {
  issues: ContractIssue[];
  revised: string[];
}

export interface Revision {
  phase: string;
  issueIds: string[];
  instructions: string;
}

export type Decision =
  | { tag: "revise"; val: Revision[] }
  | { tag: "ask-a-person" | "give-up" | "other"; val: string };

export interface File {
  /** Relative, `/`-separated, no `..`. */
  path: string;
  content: string;
}

export interface TestCase {
  /** `file::class::test` or `file::test`. */
  name: string;
  outcome: Outcome;
  message: string | null;
  output: string;
}

export interface TestRun {
  buildErrors: string[];
  tests: TestCase[];
}

export type Subject = { tag: "input"; val: string } | { tag: "draft"; val: File[] } | { tag: "other"; val: string };

export interface ToolDescription {
  name: string;
  description: string;
  /** JSON Schema as text. */
  parameters: string;
}

export interface ToolCall {
  id: string;
  name: string;
  /** JSON as text. */
  arguments: string;
}

export interface ToolResult {
  id: string;
  text: string;
  isError: boolean;
}

export type Content =
  | { tag: "text" | "opaque" | "other"; val: string }
  | { tag: "tool-call"; val: ToolCall }
  | { tag: "tool-result"; val: ToolResult };

export interface Message {
  role: "system" | "user" | "assistant";
  content: Content[];
}

export interface Request {
  label: string;
  tier: string;
  messages: Message[];
  tools: ToolDescription[];
  toolChoice: string;
  answerSchema: string | null;
  maxOutputTokens: number;
  temperature: number | null;
}

export interface Usage {
  inputTokens: number;
  outputTokens: number;
  cachedInputTokens: number;
  usd: number | null;
}

export interface Response {
  content: Content[];
  /** `end`, `max-tokens`, `tool-calls`, `refusal`, or the provider's own reason. */
  stop: string;
  /** `provider:model`. */
  model: string;
  usage: Usage;
}

export type ModelErrorKind = "denied" | "budget" | "invalid" | "too-long" | "unavailable" | "other";
export type Result<T, E> = { tag: "ok"; val: T } | { tag: "err"; val: E };

export interface RepositoryFile {
  path: string;
  size: number;
  /** `text`, `binary`, `symlink`, `submodule` or `lfs`. */
  kind: string;
}

export interface TextMatch {
  path: string;
  /** From 1. */
  line: number;
  text: string;
}
