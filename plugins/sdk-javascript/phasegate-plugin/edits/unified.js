// Applies a unified diff of one file, also one whose line numbers and counts are wrong, as those of models are.

import { NO_CHANGE, ambiguous, notFound } from "./faults.js";
import { parseHunks } from "./hunks.js";
import { normalize } from "./lines.js";
import { NO_SHIFT, findPlaces, nearest, shifted } from "./locate.js";

/** Applies every hunk. Changes nothing if one does not fit, and returns the faults. */
export function applyHunks(text, diff) {
  const { hunks, fault } = parseHunks(normalize(diff));
  if (fault !== undefined) return [`diff: ${fault}`];
  const changed = text.clone();
  const faults = [];
  // The first line that no hunk has changed yet, and how many lines the hunks so far have added.
  const position = { cursor: 0, growth: 0 };
  hunks.forEach((hunk, at) => {
    const { fault: why } = applyHunk(changed, hunk, position);
    if (why !== undefined) faults.push(`hunk ${at + 1}: ${why}`);
  });
  if (faults.length === 0) text.become(changed);
  return faults;
}

function applyHunk(text, hunk, position) {
  const added = hunk.count("+");
  const removed = hunk.count("-");
  if (added + removed === 0) return { fault: NO_CHANGE };
  const old = hunk.old();
  const { place, fault } = old.length === 0 ? insertion(text, hunk, position) : find(text, hunk, old, position);
  if (fault !== undefined) return { fault };
  const end = place.at + old.length;
  const reachesEnd = end === text.lines.length;
  replace(text, hunk, place);
  changeLastBreak(text, hunk, end + added - removed, reachesEnd);
  position.cursor = end + added - removed;
  position.growth += added - removed;
  return {};
}

/** Replaces the lines of the old text. Lines of context stay as they are in the file. */
function replace(text, hunk, place) {
  let { at } = place;
  let removed = 0;
  let added = [];
  const flush = () => {
    text.splice(at, at + removed, added);
    at += added.length;
    removed = 0;
    added = [];
  };
  for (const { mark, line } of hunk.lines) {
    if (mark === "-") {
      removed++;
    } else if (mark === "+") {
      added.push(shifted(line, place.shift));
    } else {
      flush();
      at++;
    }
  }
  flush();
}

/** Adds or removes the line break at the end of the file, if the hunk says so. */
function changeLastBreak(text, hunk, after, reachesEnd) {
  const last = text.lines.length;
  if (hunk.newIsOpen && !hunk.oldIsOpen && after + 1 === last && text.lines.at(-1) === "") text.splice(after, last, []);
  if (hunk.oldIsOpen && !hunk.newIsOpen && reachesEnd && after > 0) text.splice(last, last, [""]);
}

/** Returns the place of a hunk without old lines: after the line that its header names. */
function insertion(text, hunk, position) {
  if (text.isEmpty()) return { place: { at: 0, shift: NO_SHIFT } };
  if (hunk.numbers === null) return { fault: "a hunk without context has no line number" };
  const at = Math.max(0, hunk.numbers.line + position.growth);
  const lines = text.lines.length - (text.lines.at(-1) === "" ? 1 : 0);
  return at <= lines ? { place: { at, shift: NO_SHIFT } } : { fault: notFound(null) };
}

function find(text, hunk, old, position) {
  let places = findPlaces(text.lines, old);
  const prefer = (isBetter) => {
    if (places.some(isBetter)) places = places.filter(isBetter);
  };
  if (hunk.oldIsOpen) prefer((place) => place.at + old.length === text.lines.length);
  prefer((place) => place.at >= position.cursor);
  if (places.length === 0) return { fault: notFound(nearest(text.lines, old)) };
  if (places.length === 1) return { place: places[0] };
  const expected = hunk.numbers === null ? -1 : Math.max(0, Math.max(0, hunk.numbers.line - 1) + position.growth);
  const place = places.find((known) => known.at === expected);
  return place === undefined ? { fault: ambiguous(places.map((known) => known.at + 1)) } : { place };
}
