// Finds lines in a text: exactly, then without regard to white space at their ends, then with a shifted indentation.

import { isBlank, trim, trimStart } from "../text.js";
import { countWhile } from "./lines.js";

/** The most lines of an excerpt. */
const MAX_EXCERPT = 12;
/** The least similarity of an excerpt, from 0 to 1 for each line. */
const MIN_SIMILARITY = 0.4;
/** What the file has in front of every line, and what the text has: how their indentation differs. */
export const NO_SHIFT = { more: "", less: "" };

/** Returns a line of the text with the indentation of the file. */
export function shifted(line, { more, less }) {
  if (more === "" && less === "") return line;
  if (isBlank(line)) return "";
  const common = countWhile(Math.min(line.length, less.length), (at) => line[at] === less[at]);
  return more + line.slice(common);
}

/**
 * Returns all places, `{ at, shift }`, by the strictest comparison that finds one. At least one line must have text,
 * unless the comparison is exact.
 */
export function findPlaces(lines, wanted) {
  if (wanted.length === 0) return [];
  const starts = Array.from({ length: Math.max(0, lines.length - wanted.length + 1) }, (_, at) => at);
  const exact = starts.filter((start) => wanted.every((line, at) => lines[start + at] === line));
  if (exact.length > 0 || wanted.every(isBlank)) return exact.map((at) => ({ at, shift: NO_SHIFT }));
  const texts = lines.map(trim);
  const wantedTexts = wanted.map(trim);
  const alike = starts.filter((start) => wantedTexts.every((text, at) => texts[start + at] === text));
  const places = alike.map((at) => ({ at, shift: shiftOf(lines.slice(at, at + wanted.length), wanted) }));
  const loose = places.filter((place) => place.shift !== null);
  const trimmed = loose.filter(({ shift }) => shift.more === "" && shift.less === "");
  return trimmed.length > 0 ? trimmed : loose;
}

/** Returns the one difference of indentation by which all lines match; null if there is none. */
function shiftOf(lines, wanted) {
  let shift = null;
  for (const [at, line] of lines.entries()) {
    if (isBlank(line)) continue;
    const here = difference(indentOf(line), indentOf(wanted[at]));
    if (here === null || (shift !== null && (shift.more !== here.more || shift.less !== here.less))) return null;
    shift = here;
  }
  return shift;
}

function difference(indent, wanted) {
  if (indent.endsWith(wanted)) return { more: indent.slice(0, indent.length - wanted.length), less: "" };
  return wanted.endsWith(indent) ? { more: "", less: wanted.slice(0, wanted.length - indent.length) } : null;
}

function indentOf(line) {
  return line.slice(0, line.length - trimStart(line).length);
}

/**
 * Returns the lines that are most similar to those that were not found, with their numbers; null if none are similar.
 */
export function nearest(lines, wanted) {
  const from = wanted.findIndex((line) => !isBlank(line));
  if (from < 0) return null;
  const sample = wanted.slice(from, from + MAX_EXCERPT).map((line) => [...trim(line)]);
  const texts = lines.map((line) => [...trim(line)]);
  const size = Math.min(sample.length, lines.length);
  let best = { score: -1, at: 0 };
  for (let at = 0; at + size <= lines.length; at++) {
    let score = 0;
    for (let index = 0; index < size; index++) score += similarity(texts[at + index], sample[index]);
    if (score > best.score) best = { score, at };
  }
  if (best.score < MIN_SIMILARITY * size) return null;
  const excerpt = lines.slice(best.at, best.at + size);
  return excerpt.map((line, index) => `${best.at + index + 1} | ${line}`).join("\n");
}

/** Returns how much of two lines is equal at their start and end, from 0 to 1. */
function similarity(a, b) {
  const longest = Math.max(a.length, b.length);
  if (longest === 0) return 0.5;
  const shortest = Math.min(a.length, b.length);
  const start = countWhile(shortest, (at) => a[at] === b[at]);
  const end = countWhile(shortest - start, (at) => a[a.length - 1 - at] === b[b.length - 1 - at]);
  return (start + end) / longest;
}
