// The globals of a component beside those of the language. Include this file instead of the types of a browser or of
// Node.js: what these have in addition, such as `fetch` and `setTimeout`, a component lacks.

declare const console: {
  [level in "debug" | "log" | "info" | "warn" | "error" | "trace"]: (...values: unknown[]) => void;
} & { assert(isTrue: unknown, ...values: unknown[]): void };

declare class TextEncoder {
  readonly encoding: string;
  encode(text?: string): Uint8Array;
}

declare class TextDecoder {
  constructor(encoding?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  readonly encoding: string;
  decode(input?: ArrayBuffer | ArrayBufferView): string;
}

declare function atob(text: string): string;
declare function btoa(text: string): string;
declare function queueMicrotask(call: () => void): void;
