// The interfaces that a component imports from the host. An error of the contract is thrown, with its value as
// `payload`.

declare module "phasegate:plugin/models-blocking@0.1.0" {
  type Request = import("./contract.js").Request;
  type Response = import("./contract.js").Response;
  type ModelError = { tag: import("./contract.js").ModelErrorKind; val: string };

  export function complete(request: Request): Response;
  export function completeAll(requests: Request[]): import("./contract.js").Result<Response, ModelError>[];
}

declare module "phasegate:plugin/artifacts@0.1.0" {
  export function inputs(): import("./contract.js").ArtifactRef[];
  export function read(name: string): Uint8Array;
  export function listFiles(folder: string): { files: import("./contract.js").RepositoryFile[]; leftOut: number };
  export function searchText(
    text: string,
    folder: string,
  ): { matches: import("./contract.js").TextMatch[]; incomplete: boolean };
  export function check(kind: string, content: Uint8Array): void;
}

declare module "phasegate:plugin/test-bench-blocking@0.1.0" {
  type File = import("./contract.js").File;
  type Subject = import("./contract.js").Subject;

  export function runTests(language: string, code: Subject, tests: File[]): import("./contract.js").TestRun;
}

declare module "phasegate:plugin/log@0.1.0" {
  export function write(level: import("./contract.js").Level, line: string): void;
  export function progress(what: string, fraction: number | null): void;
}
