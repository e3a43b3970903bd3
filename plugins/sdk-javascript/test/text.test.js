// UTF-8, JSON and the globals that QuickJS lacks, compared with those of Node.js.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import { endOfValue, parse } from "../phasegate-plugin/json.js";
import { isEqual, write } from "../phasegate-plugin/json-value.js";
import { lines, trim } from "../phasegate-plugin/text.js";
import { byteLength, decode, decodeLossy, encode, startOfBytes } from "../phasegate-plugin/utf8.js";

/** Numbers that look random and are the same at each run. */
function randomBelow(seed) {
  let state = seed;
  return (most) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % most;
  };
}

test("UTF-8 is encoded and decoded as in Node.js", () => {
  const encoder = new TextEncoder();
  const texts = ["", "a", "ä", "€", "🟢", "a🟢b", "\ud800", "\udc00x", "\ud83d\ud83d", "\ufeffa"];
  texts.push(`${"x".repeat(9_000)}é`);
  for (const text of texts) {
    assert.deepEqual(encode(text), encoder.encode(text));
    assert.equal(byteLength(text), encoder.encode(text).length);
    assert.equal(decode(encode(text)), text.toWellFormed?.() ?? Buffer.from(text).toString());
  }
});

test("bytes that are not UTF-8 are replaced as in Node.js", () => {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
  const known = [0x00, 0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xa0, 0xed, 0x9f, 0xef, 0xbb, 0xf0, 0x90, 0xf4];
  known.push(0x8f, 0xf5, 0xff);
  const random = randomBelow(7);
  for (let at = 0; at < 3_000; at++) {
    const length = random(8);
    const bytes = Uint8Array.from({ length }, () => known[random(known.length)]);
    assert.equal(decodeLossy(bytes), decoder.decode(bytes), String(bytes));
    let expected = null;
    try {
      expected = strict.decode(bytes);
    } catch {
      // Not UTF-8.
    }
    assert.equal(decode(bytes), expected, String(bytes));
  }
});

test("a text is cut between characters", () => {
  assert.equal(startOfBytes("aä🟢", 2), "a");
  assert.equal(startOfBytes("aä🟢", 3), "aä");
  assert.equal(startOfBytes("aä🟢", 6), "aä");
  assert.equal(startOfBytes("aä🟢", 7), "aä🟢");
});

test("lines and white space are those of the other SDKs", () => {
  assert.deepEqual(lines("a\r\nb\n\nc\r"), ["a", "b", "", "c\r"]);
  assert.deepEqual(lines(""), []);
  assert.equal(trim("\u0085\u3000 a\ufeff "), "a\ufeff");
});

test("JSON keeps the order of members and the form of numbers", () => {
  const text = '{"b":1,"10":2,"a":[-0.0,1.5,12345678901234567890,1e21,1.5e-7,100000.0,null,true],"b":"\\u00e4\\n"}';
  assert.equal(write(parse(text)), text.replace('"b":1', '"b":"ä\\n"').replace(',"b":"\\u00e4\\n"', ""));
  const numbers = "[1e2, 1E16, 1e15, 123456789012345678901, 0.00001, 0.000001, -0]";
  assert.equal(write(parse(numbers)), "[100.0,1e16,1000000000000000.0,1.2345678901234568e20,0.00001,1e-6,-0.0]");
  assert.ok(isEqual(parse('{"a":1,"b":[2]}'), parse('{"b":[2],"a":1}')));
  assert.ok(!isEqual(parse('{"a":1}'), parse('{"a":1.0}')));
  assert.ok(!isEqual(parse("[1]"), parse("[1,2]")));
});

test("JSON is accepted as by JSON.parse", () => {
  const pieces = ["{", "}", "[", "]", ",", ":", '"a"', "1", "-", ".5", "e1", "true", "nul", " ", "\n", '"\\u00e4', '"'];
  const random = randomBelow(3);
  for (let at = 0; at < 20_000; at++) {
    const length = 1 + random(7);
    const text = Array.from({ length }, () => pieces[random(pieces.length)]).join("");
    assert.equal(accepts(() => parse(text)), accepts(() => JSON.parse(text)), text);
  }
});

function accepts(read) {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

test("errors of JSON name line and column in bytes", () => {
  const errorOf = (text) => {
    try {
      parse(text);
    } catch (error) {
      return error.message;
    }
    return null;
  };
  assert.equal(errorOf("[1,]"), "trailing comma at line 1 column 4");
  assert.equal(errorOf('{"ä": 1,}'), "trailing comma at line 1 column 10");
  assert.equal(errorOf("[1] x"), "trailing characters at line 1 column 5");
  assert.equal(errorOf('["\\ud800"]'), "unexpected end of hex escape at line 1 column 9");
  assert.equal(errorOf('["\\udc00"]'), "lone leading surrogate in hex escape at line 1 column 8");
  assert.equal(errorOf("[1e999]"), "number out of range at line 1 column 6");
  assert.equal(errorOf("[".repeat(128)), "recursion limit exceeded at line 1 column 128");
  assert.equal(errorOf("[1."), "EOF while parsing a value at line 1 column 3");
  assert.equal(errorOf("[\n tru"), "EOF while parsing a value at line 2 column 4");
  assert.equal(errorOf(""), "EOF while parsing a value at line 1 column 0");
  assert.equal(endOfValue('x {"a": [1]} y', 2), 12);
});

test("a component has console, TextEncoder and TextDecoder", () => {
  const script = `
    for (const name of ["console", "TextEncoder", "TextDecoder"]) delete globalThis[name];
    const { FakeHost } = await import("./phasegate-plugin/testing.js");
    await import("./phasegate-plugin/index.js");
    const host = new FakeHost();
    host.runWith(() => {
      console.log("a", 1, { b: [2] }, undefined);
      console.warn("two\\nlines");
      console.error(new TypeError("bad"));
      console.assert(true, "x");
      console.assert(false, "y");
      console.debug(new TextDecoder().decode(new TextEncoder().encode("\\ufeffä")));
      console.info(new TextDecoder("utf8", { ignoreBOM: true }).decode(new Uint8Array([255]).buffer));
      const attempt = (run) => { try { run(); } catch (error) { console.log(error.message); } };
      attempt(() => new TextDecoder("latin1"));
      attempt(() => new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([255])));
    });
    process.stdout.write(JSON.stringify(host.log));`;
  const options = { cwd: new URL("..", import.meta.url), encoding: "utf8" };
  const log = JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", script], options));
  const first = ['info: a 1 {"b":[2]} undefined', "warn: two", "warn: lines", "error: TypeError: bad"];
  assert.deepEqual(log.slice(0, 4), first);
  assert.deepEqual(log.filter((line) => !/^error: {3}at /.test(line)).slice(4), [
    "error: assertion failed: y",
    "debug: ä",
    "info: \ufffd",
    "info: TextDecoder: only UTF-8 is supported, not `latin1`",
    "info: TextDecoder: the bytes are not UTF-8",
  ]);
});
