// Text functions that behave alike in all SDKs. JavaScript's own `trim` knows other white space.

const SPACE = "[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const START = new RegExp(`^${SPACE}+`, "u");
const ONE = new RegExp(SPACE, "u");

export function trim(text) {
  return trimEnd(trimStart(text));
}

export function trimStart(text) {
  return text.replace(START, "");
}

export function trimEnd(text) {
  let end = text.length;
  while (end > 0 && ONE.test(text[end - 1])) end--;
  return text.slice(0, end);
}

export function isBlank(text) {
  return trimStart(text) === "";
}

/** Returns the lines without their line breaks. A line break at the end begins no line. */
export function lines(text) {
  const all = text.split("\n");
  const last = all.pop();
  const ended = all.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  return last === "" ? ended : [...ended, last];
}

/** Returns the first characters of a text, and null if it has no more than these. */
export function firstCharacters(text, count) {
  let index = 0;
  for (let at = 0; at < count && index < text.length; at++) index += text.codePointAt(index) > 0xffff ? 2 : 1;
  return index < text.length ? text.slice(0, index) : null;
}

/** Returns the text without another one at its start; null if it does not begin so. */
export function withoutPrefix(text, prefix) {
  return text.startsWith(prefix) ? text.slice(prefix.length) : null;
}
