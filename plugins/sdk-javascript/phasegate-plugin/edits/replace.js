// Finds a text and replaces it.

import { isBlank, trimStart, withoutPrefix } from "../text.js";
import { NO_CHANGE, NOTHING_TO_FIND, NOT_FOUND, ambiguous, notFound } from "./faults.js";
import { normalize } from "./lines.js";
import { findPlaces, nearest, shifted } from "./locate.js";

/** Applies one edit. Returns the fault if it does not fit, else null. */
export function applyEdit(text, edit) {
  const find = normalize(edit.find);
  const replace = normalize(edit.replace);
  if (find === replace) return NO_CHANGE;
  if (find === "") {
    if (!text.isEmpty()) return NOTHING_TO_FIND;
    text.become(text.withText(replace));
    return null;
  }
  const plain = text.plain();
  const starts = startsOf(plain, find);
  if (starts.length === 0) return replaceLines(text, find, replace);
  if (starts.length > 1) return ambiguous(linesOf(plain, starts));
  text.replaceSpan(starts[0], starts[0] + find.length, replace);
  return null;
}

/** Returns where `find` begins in a text, places that overlap included. */
function startsOf(text, find) {
  const starts = [];
  for (let at = text.indexOf(find); at >= 0; at = text.indexOf(find, at + 1)) starts.push(at);
  return starts;
}

/** Returns the line of each place, from 1. Places are in their order. */
function linesOf(text, starts) {
  let line = 1;
  let counted = 0;
  return starts.map((start) => {
    for (; counted < start; counted++) if (text[counted] === "\n") line++;
    return line;
  });
}

/** Replaces whole lines that match loosely. */
function replaceLines(text, find, replace) {
  const fault = looseMatch(text, find, replace);
  if (fault === null || !fault.startsWith(NOT_FOUND)) return fault;
  // Models copy the numbers that `read_file` puts before lines.
  const bare = withoutNumbers(find);
  return bare === null ? fault : looseMatch(text, bare, withoutNumbers(replace) ?? replace);
}

function looseMatch(text, find, replace) {
  const wanted = withoutBlankEnds(find);
  const given = withoutBlankEnds(replace);
  let lines = given.lines;
  // Empty lines around the text that the replacement does not have in common with it are part of the change.
  if (lines.some((line) => !isBlank(line))) {
    const blank = (count) => Array(Math.max(0, count)).fill("");
    lines = [...blank(given.before - wanted.before), ...lines, ...blank(given.after - wanted.after)];
  }
  const places = findPlaces(text.lines, wanted.lines);
  if (places.length === 0) return notFound(nearest(text.lines, wanted.lines));
  if (places.length > 1) return ambiguous(places.map((place) => place.at + 1));
  const [{ at, shift }] = places;
  text.splice(at, at + wanted.lines.length, lines.map((line) => shifted(line, shift)));
  return null;
}

/**
 * Returns the lines without empty ones at the start and the end, and the numbers of those. The line break of the last
 * line makes no empty line. Nothing is left of a blank text.
 */
function withoutBlankEnds(text) {
  const lines = text.split("\n");
  const before = lines.findIndex((line) => !isBlank(line));
  if (before < 0) return { lines: [], before: lines.length, after: 0 };
  const end = lines.findLastIndex((line) => !isBlank(line)) + 1;
  return { lines: lines.slice(before, end), before, after: Math.max(0, lines.length - end - 1) };
}

/** Returns the text without a number and a bar before every line; null if a line has none. */
function withoutNumbers(text) {
  const lines = text.split("\n").map((line) => {
    if (isBlank(line)) return line;
    const numbered = /^[0-9]+ \|/.exec(trimStart(line));
    if (numbered === null) return null;
    const rest = trimStart(line).slice(numbered[0].length);
    return withoutPrefix(rest, " ") ?? rest;
  });
  return lines.includes(null) ? null : lines.join("\n");
}
