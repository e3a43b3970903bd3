// Globals that authors expect and QuickJS lacks: console, TextEncoder and TextDecoder. Those that exist stay.

import { crashLines } from "./crash.js";
import { log } from "./host.js";
import { decode, decodeLossy, encode } from "./utf8.js";

const MARK = "\ufeff";

globalThis.console ??= {
  debug: (...values) => writeLines("debug", values),
  log: (...values) => writeLines("info", values),
  info: (...values) => writeLines("info", values),
  warn: (...values) => writeLines("warn", values),
  error: (...values) => writeLines("error", values),
  trace: (...values) => writeLines("debug", [...values, new Error("trace").stack]),
  assert: (isTrue, ...values) => isTrue || writeLines("error", ["assertion failed:", ...values]),
};

globalThis.TextEncoder ??= class TextEncoder {
  get encoding() {
    return "utf-8";
  }

  encode(text = "") {
    return encode(String(text));
  }
};

globalThis.TextDecoder ??= class TextDecoder {
  constructor(encoding = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
    if (!/^utf-?8$/i.test(encoding)) throw new RangeError(`TextDecoder: only UTF-8 is supported, not \`${encoding}\``);
    Object.assign(this, { encoding: "utf-8", fatal, ignoreBOM });
  }

  decode(input = new Uint8Array()) {
    const bytes = ArrayBuffer.isView(input)
      ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
      : new Uint8Array(input);
    const text = this.fatal ? decode(bytes) : decodeLossy(bytes);
    if (text === null) throw new TypeError("TextDecoder: the bytes are not UTF-8");
    return text.startsWith(MARK) && !this.ignoreBOM ? text.slice(MARK.length) : text;
  }
};

function writeLines(level, values) {
  for (const line of values.map(shown).join(" ").split("\n")) log[level](line);
}

function shown(value) {
  if (typeof value === "string") return value;
  if (value instanceof Error) return crashLines(value).join("\n");
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
