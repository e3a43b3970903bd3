// The standard artifacts, as their JSON is. The host validates submitted artifacts; `faults` asks it to do so
// beforehand.

import type { Outcome, Severity } from "./contract.js";

type JsonObject = { [member: string]: unknown };

/** The task, as written in the task file. */
export interface TaskRequirements {
  task_id: string;
  project_id?: string;
  /** The task in prose. */
  description: string;
  /** Requirements in order; agents number them R1, R2, …. */
  requirements: string[];
  /** Paths of context files, relative to the task file. */
  context_files: string[];
  /** Conditions that the product must meet. */
  constraints: string[];
  /** Programming language in lower case, for example `python`. */
  language?: string;
}

/** The task divided into semantic units. */
export interface ProjectPlan {
  task_id: string;
  /** Units in the order of work. */
  semantic_units: SemanticUnit[];
  /** Sum of the units' `est_complexity`. */
  total_est_complexity: number;
  /** PROBE estimate; absent with fewer than three finished runs. */
  estimate?: Estimate;
}

/** One piece of behaviour that is designed, written and reviewed as a unit. */
export interface SemanticUnit {
  /** `SU-` and three digits, unique in the plan. */
  unit_id: string;
  description: string;
  /** Ids of the units whose result this unit needs. */
  dependencies: string[];
  /** Interfaces offered or called, 0 to 10, as are the next three. */
  api_interactions: number;
  data_transformations: number;
  logical_branches: number;
  code_entities_modified: number;
  /** Factor from 1.0 (routine) to 2.0 (new to the team). */
  novelty: number;
  est_complexity: number;
}

/** The estimated cost of the task. */
export interface Estimate {
  tokens: number;
  usd?: number;
  latency_ms?: number;
  /** The method and the number of runs, as a sentence. */
  basis: string;
  r_squared?: number;
  /** 70 % prediction intervals. */
  interval?: { tokens?: Range; usd?: Range; latency_ms?: Range };
}

export interface Range {
  low: number;
  high: number;
}

/** The design of the product. */
export interface DesignSpecification {
  task_id: string;
  /** The parts and the data flow between them; at least 50 characters. */
  architecture_overview: string;
  /** Every semantic unit of the plan has at least one. */
  components: Component[];
  api_contracts: JsonObject[];
  data_schemas: JsonObject[];
  technology_stack: JsonObject;
  /** Decisions where the requirements leave something open. */
  assumptions: string[];
  /** Items that the design review must answer. */
  review_checklist: { item: string; severity: Severity }[];
}

/** One component of the design. */
export interface Component {
  name: string;
  semantic_unit_id: string;
  /** At least 10 characters. */
  responsibility: string;
  interfaces: string[];
  dependencies: string[];
  notes: string;
}

/** The product's source files. */
export interface GeneratedCode {
  /** All files, complete. */
  files: CodeFile[];
  /** Programming language in lower case. */
  language: string;
  /** Modules outside the standard library. */
  dependencies: string[];
  setup?: string;
  notes: string;
  /** Paths of files of the project that the change removes. */
  deleted?: string[];
}

export interface CodeFile {
  /** Relative path with `/` separators. */
  path: string;
  content: string;
  /** Purpose in one sentence. */
  purpose: string;
  /** Id of the semantic unit, if the file implements exactly one. */
  semantic_unit_id?: string;
}

/** The test suite of the product. */
export interface TestSuite {
  files: { path: string; content: string }[];
  /** The tests of each requirement or semantic unit. */
  covers: { requirement: string; tests: string[] }[];
  /** Tests of earlier attempts that were dropped, with reasons. */
  dropped: { test: string; reason: string }[];
}

/** A defect that a gate found, as models write it. */
export interface Issue {
  /** Unique within the findings. */
  id: string;
  severity: Severity;
  category: string;
  /** One of the eight defect types of the process. */
  defect_type: string;
  /** The phase whose work contains the fault. */
  phase_injected: string;
  /** At least 20 characters. */
  description: string;
  /** At least 10 characters. */
  evidence: string;
  impact: string;
  recommendation?: string;
  location?: { path: string; line?: number };
}

/** Advice beside an issue. */
export interface Suggestion {
  issue_id?: string;
  /** Usually `high`, `medium` or `low`. */
  priority: string;
  description: string;
}

/** The answer to one checklist item. */
export interface Check {
  item: string;
  /** `pass`, `fail`, `warning` or `not_applicable`. */
  status: string;
  notes: string;
}

/** The findings of one reviewer. Lists that are absent are empty. */
export interface Findings {
  issues?: Issue[];
  suggestions?: Suggestion[];
  checks?: Check[];
  /** Names of the reviewers; set by the agent. */
  reviewers?: string[];
}

/** A gate's report, written by the host. */
export interface FindingsReport {
  task_id: string;
  gate: string;
  /** From 1. */
  attempt: number;
  /** `passed`, `passed_with_conditions`, `failed` or `not_judged`. */
  verdict: string;
  reason: string;
  issues: Issue[];
  suggestions: Suggestion[];
  checks: Check[];
  reviewers: string[];
  /** Digests of the artifacts that were judged. */
  about: string[];
}

/** The host's report of its run of the suite. */
export interface TestReport {
  task_id: string;
  gate: string;
  attempt: number;
  verdict: string;
  reason: string;
  /** Digest of the code that was tested. */
  code: string;
  build: { ok: boolean; errors: string[] };
  tests: { name: string; outcome: Outcome; message?: string; output?: string }[];
  totals: { passed: number; failed: number; errored: number; skipped: number; xfailed?: number };
  dropped: { test: string; reason: string }[];
  defects: Issue[];
  suggestions?: Suggestion[];
  checks?: Check[];
  reviewers?: string[];
  about?: string[];
}

/** The files of the repository, the most relevant first, within a budget of tokens. */
export interface RepositoryMap {
  /** Id of the commit that the run starts from. */
  commit: string;
  tree: string;
  /** Number of all files. */
  files: number;
  /** Size of all text files together. */
  text_bytes: number;
  /** Number of files by language. */
  languages: { [language: string]: number };
  paths: MappedFile[];
  /** Number of files that do not fit. */
  left_out: number;
  notes: string[];
}

export interface MappedFile {
  path: string;
  size: number;
  /** `binary`, `symlink`, `submodule` or `lfs`; absent for text. */
  kind?: string;
  language?: string;
  definitions?: { name: string; kind: string; line: number }[];
}

/** People's decisions about earlier improvement proposals. */
export interface ProcessNotes {
  /** Agents follow them. */
  approved: { run_id: string; id: string; proposed_changes: ProposedChange[]; decided_by: string }[];
  /** Agents do not repeat them. */
  rejected: { run_id: string; id: string; analysis: string; reason: string; decided_by: string }[];
}

export interface ProposedChange {
  /** The phase whose instructions change. */
  target: string;
  /** `add`, `modify` or `remove`. */
  change: string;
  /** Current wording, for `modify` and `remove`. */
  current?: string;
  proposed: string;
  rationale: string;
}

/** Process improvement proposals of a run; a person decides on each. */
export interface Pips {
  proposals: {
    id: string;
    analysis: string;
    proposed_changes: ProposedChange[];
    expected_impact: string;
    /** `pending` until a person decides. */
    status: string;
    decided_by?: string;
  }[];
}

/** Measurements of this run, and of the finished runs used for estimation. */
export interface RunMeasures {
  phases: (Totals & { phase: string; gate: boolean; attempts: number; verdicts: string[] })[];
  totals: Totals;
  defects: DefectMeasure[];
  /** Oldest first. */
  finished_runs: {
    run_id: string;
    est_complexity: number;
    tokens: number;
    usd: number | null;
    latency_ms: number;
  }[];
}

export interface Totals {
  calls: number;
  input_tokens: number;
  output_tokens: number;
  /** Null if unknown. */
  usd: number | null;
  elapsed_ms: number;
}

export interface DefectMeasure {
  id: string;
  gate: string;
  attempt: number;
  severity: Severity;
  defect_type: string;
  phase_injected: string;
  description: string;
}

/** Figures and summary of a run. Unknown values are null. */
export interface PostmortemReport {
  task_id: string;
  estimation_accuracy: { tokens: Accuracy; usd: Accuracy; latency_ms: Accuracy; complexity: Accuracy };
  /** Defects per point of estimated complexity. */
  defect_density: number | null;
  defects_injected: { [phase: string]: number };
  defects_removed: { [gate: string]: number };
  /** For each gate, the share of the present defects that it found. */
  phase_yield: { [gate: string]: number | null };
  cost_of_quality: {
    appraisal_tokens: number;
    failure_tokens: number;
    appraisal_usd: number | null;
    failure_usd: number | null;
  };
  /** Most frequent first. */
  root_causes: { defect_type: string; count: number; tokens_to_fix: number; usd_to_fix: number | null }[];
  attempts_per_gate: { [gate: string]: number };
  summary: string;
}

export interface Accuracy {
  planned: number | null;
  actual: number | null;
  variance_percent: number | null;
}
