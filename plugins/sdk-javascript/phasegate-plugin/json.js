// Reads JSON as text that a model wrote: errors name line and column in bytes, in the same words from every SDK,
// because models get them.

import { JsonNumber, canonical } from "./json-value.js";
import { byteLength } from "./utf8.js";

const MAX_DEPTH = 127;
const CLOSING = { "[": "]", "{": "}" };
const WORDS = { n: ["null", null], t: ["true", true], f: ["false", false] };
const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

export class JsonError extends Error {
  constructor(message) {
    super(message);
    this.name = "JsonError";
  }
}

/** Returns the value of a JSON text. */
export function parse(text) {
  return whole(new Reader(text, 0, true));
}

/** Checks that a text is JSON. */
export function validate(text) {
  whole(new Reader(text, 0, false));
}

/** Returns the end of the value that begins at an offset. Errors count lines and columns from there. */
export function endOfValue(text, from) {
  const reader = new Reader(text, from, false);
  reader.value();
  return reader.at;
}

function whole(reader) {
  const value = reader.value();
  if (reader.space() !== undefined) reader.failAtNext("trailing characters");
  return value;
}

class Reader {
  /** A reader that builds no values is lenient about what only a value needs: surrogates, ranges and depth. */
  constructor(text, from, builds) {
    this.text = text;
    this.from = from;
    this.at = from;
    this.builds = builds;
  }

  value() {
    const open = [];
    for (;;) {
      let value = this.begin(open);
      if (value === undefined) continue;
      for (;;) {
        const enclosing = open.at(-1);
        if (enclosing === undefined) return value;
        enclosing.add(value);
        if (this.goesOn(enclosing)) break;
        value = open.pop().value;
      }
    }
  }

  /** Reads a scalar or an empty list or object; undefined if a list or object was opened. */
  begin(open) {
    const next = this.space();
    if (next === undefined) this.failAtNext("EOF while parsing a value");
    if (next !== "[" && next !== "{") return this.scalar(next);
    if (this.builds && open.length >= MAX_DEPTH) this.failAtNext("recursion limit exceeded");
    this.at++;
    const container = new Container(next, this.builds);
    const first = this.space();
    if (first === undefined) this.failAtNext(container.endMissing);
    if (first === CLOSING[next]) {
      this.at++;
      return container.value;
    }
    if (next === "{") this.key(container, container.endMissing);
    open.push(container);
    return undefined;
  }

  /** Reads what follows a value; false if it ends the container. */
  goesOn(container) {
    const next = this.space();
    if (next === undefined) this.failAtNext(container.endMissing);
    if (next === CLOSING[container.bracket]) {
      this.at++;
      return false;
    }
    if (next !== ",") this.failAtNext(`expected \`,\` or \`${CLOSING[container.bracket]}\``);
    this.at++;
    if (this.builds && this.space() === CLOSING[container.bracket]) this.failAtNext("trailing comma");
    const endMissing = this.builds ? "EOF while parsing a value" : container.endMissing;
    if (container.bracket === "{") this.key(container, endMissing);
    return true;
  }

  key(container, endMissing) {
    const next = this.space();
    if (next === undefined) this.failAtNext(endMissing);
    if (next !== '"') this.failAtNext("key must be a string");
    container.name = this.string();
    const colon = this.space();
    if (colon === undefined) this.failAtNext("EOF while parsing an object");
    if (colon !== ":") this.failAtNext("expected `:`");
    this.at++;
  }

  scalar(next) {
    if (next === '"') return this.string();
    if (next === "-" || isDigit(next)) return this.number();
    if (!(next in WORDS)) this.failAtNext("expected value");
    const [word, value] = WORDS[next];
    for (const character of word) {
      if (this.at >= this.text.length) this.fail("EOF while parsing a value", this.at);
      if (this.text[this.at] !== character) this.fail("expected ident", this.at, 1);
      this.at++;
    }
    return value;
  }

  string() {
    let value = "";
    this.at++;
    for (;;) {
      const part = this.match(/[^"\\\u0000-\u001f]*/y);
      if (this.builds) value += part;
      const next = this.text[this.at];
      if (next === undefined) this.fail("EOF while parsing a string", this.at);
      if (next === '"') break;
      if (next !== "\\") {
        this.fail("control character (\\u0000-\\u001F) found while parsing a string", this.at, this.builds ? 1 : 0);
      }
      this.at++;
      value += this.escape();
    }
    this.at++;
    return value;
  }

  escape() {
    const next = this.text[this.at];
    if (next === undefined) this.fail("EOF while parsing a string", this.at);
    if (next in ESCAPES) {
      this.at++;
      return ESCAPES[next];
    }
    if (next !== "u") this.fail("invalid escape", this.at, 1);
    this.at++;
    const code = this.hex();
    if (!this.builds || code < 0xd800 || code > 0xdfff) return String.fromCharCode(code);
    if (code >= 0xdc00) this.fail("lone leading surrogate in hex escape", this.at);
    for (const expected of "\\u") {
      if (this.at >= this.text.length) this.fail("EOF while parsing a string", this.at);
      if (this.text[this.at] !== expected) this.fail("unexpected end of hex escape", this.at, 1);
      this.at++;
    }
    const second = this.hex();
    if (second < 0xdc00 || second > 0xdfff) this.fail("lone leading surrogate in hex escape", this.at);
    return String.fromCharCode(code, second);
  }

  hex() {
    const digits = this.text.slice(this.at, this.at + 4);
    if (byteLength(digits) < 4) this.fail("EOF while parsing a string", this.text.length);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.fail("invalid escape", this.at, 4);
    this.at += 4;
    return parseInt(digits, 16);
  }

  number() {
    const start = this.at;
    const missing = this.builds ? "EOF while parsing a value" : "invalid number";
    if (this.text[this.at] === "-") this.at++;
    const first = this.text[this.at];
    if (first === undefined) this.fail(missing, this.at);
    if (!isDigit(first)) this.fail("invalid number", this.at, 1);
    this.at++;
    if (first !== "0") this.match(/[0-9]*/y);
    else if (isDigit(this.text[this.at])) this.failAtNext("invalid number");
    let isInteger = true;
    if (this.text[this.at] === ".") {
      isInteger = false;
      this.at++;
      if (this.match(/[0-9]*/y) === "") this.failAtNext(this.at < this.text.length ? "invalid number" : missing);
    }
    if (this.text[this.at] === "e" || this.text[this.at] === "E") {
      isInteger = false;
      this.match(/[eE][+-]?/y);
      if (this.at >= this.text.length) this.fail(missing, this.at);
      if (!isDigit(this.text[this.at])) this.fail("invalid number", this.at, 1);
      this.match(/[0-9]*/y);
    }
    if (!this.builds) return null;
    const text = canonical(this.text.slice(start, this.at), isInteger);
    return text === null ? this.fail("number out of range", this.at) : new JsonNumber(text);
  }

  /** Skips white space and returns the next character. */
  space() {
    let next = this.text[this.at];
    while (next === " " || next === "\n" || next === "\t" || next === "\r") next = this.text[++this.at];
    return next;
  }

  match(pattern) {
    pattern.lastIndex = this.at;
    const [part] = pattern.exec(this.text);
    this.at += part.length;
    return part;
  }

  failAtNext(what) {
    this.fail(what, this.at, 1);
  }

  /** Fails at the place some bytes after an offset. */
  fail(what, at, bytes = 0) {
    const before = this.text.slice(this.from, at);
    const next = this.text.slice(at, at + bytes);
    const read = next.lastIndexOf("\n") < 0 ? before : before + next;
    const line = read.slice(read.lastIndexOf("\n") + 1);
    const number = read.split("\n").length;
    const column = read === before ? byteLength(line) + Math.min(bytes, byteLength(next)) : byteLength(line);
    throw new JsonError(`${what} at line ${number} column ${column}`);
  }
}

class Container {
  constructor(bracket, builds) {
    this.bracket = bracket;
    this.builds = builds;
    this.name = "";
    this.value = bracket === "[" ? [] : new Map();
  }

  get endMissing() {
    return this.bracket === "[" ? "EOF while parsing a list" : "EOF while parsing an object";
  }

  add(value) {
    if (!this.builds) return;
    if (this.bracket === "[") this.value.push(value);
    else this.value.set(this.name, value);
  }
}

function isDigit(character) {
  return character >= "0" && character <= "9";
}
