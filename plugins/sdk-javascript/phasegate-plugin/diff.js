// Differences of two texts as a unified diff, for prompts.

import { changes } from "./compare.js";

/** Lines of context around a change. */
const CONTEXT = 3;

/**
 * Returns the difference of a file's text as a unified diff with three lines of context. Null is a file that does not
 * exist. Empty if both texts are equal.
 */
export function unified(path, old, next) {
  if (old === next) return "";
  const name = (side, text) => (text === null ? "/dev/null" : `${side}/${path}`);
  const oldLines = splitLines(old ?? "");
  const newLines = splitLines(next ?? "");
  const hunks = groups(changes(oldLines, newLines)).map((group) => renderHunk(group, oldLines, newLines));
  return `--- ${name("a", old)}\n+++ ${name("b", next)}\n${hunks.join("")}`;
}

function splitLines(text) {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Joins changes that no more than twice the context separates. */
function groups(all) {
  const joined = [];
  for (const change of all) {
    const last = joined.at(-1)?.at(-1);
    if (last !== undefined && change.old.start - last.old.end <= 2 * CONTEXT) joined.at(-1).push(change);
    else joined.push([change]);
  }
  return joined;
}

function renderHunk(group, oldLines, newLines) {
  const [first, last] = [group[0], group.at(-1)];
  const before = Math.min(CONTEXT, first.old.start);
  const after = Math.min(CONTEXT, oldLines.length - last.old.end);
  const oldRange = range(first.old.start - before, last.old.end + after);
  const newRange = range(first.new.start - before, last.new.end + after);
  let at = first.old.start - before;
  let out = `@@ -${oldRange} +${newRange} @@\n`;
  for (const change of group) {
    out += marked(" ", oldLines.slice(at, change.old.start));
    out += marked("-", oldLines.slice(change.old.start, change.old.end));
    out += marked("+", newLines.slice(change.new.start, change.new.end));
    at = change.old.end;
  }
  return out + marked(" ", oldLines.slice(at, at + after));
}

function marked(mark, lines) {
  const ended = lines.map((line) => {
    const end = line.endsWith("\n") ? "\n" : "\n\\ No newline at end of file\n";
    return `${mark}${line.replace(/[\r\n]+$/, "")}${end}`;
  });
  return ended.join("");
}

function range(start, end) {
  const count = end - start;
  if (count === 0) return `${start},0`;
  return count === 1 ? `${start + 1}` : `${start + 1},${count}`;
}
