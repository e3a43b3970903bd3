// Reads the hunks of a unified diff of one file.

import { lines as linesOf } from "../text.js";

const SEVERAL_FILES = "it is about several files; give one diff for each file";
const NO_HUNK = "it has no hunk: a line that begins with `@@`, then the lines with ` `, `-` or `+` in front";

/** Returns `{ hunks }`, or `{ fault }` if the text is not a diff of one file. */
export function parseHunks(diff) {
  const lines = linesOf(diff);
  const hunks = [];
  let isInside = false;
  for (const [at, line] of lines.entries()) {
    if (line.startsWith("@@")) {
      hunks.push(new Hunk(line.slice(2)));
      isInside = true;
    } else if (isFileHeader(lines, at) && (hunks.at(-1)?.isComplete() ?? true)) {
      if (hunks.length > 0) return { fault: SEVERAL_FILES };
      isInside = false;
    } else if (isInside) {
      hunks.at(-1).push(line);
    }
  }
  if (hunks.length === 0) return { fault: NO_HUNK };
  hunks.forEach((hunk) => hunk.dropBlankEnd());
  return { hunks };
}

function isFileHeader(lines, at) {
  if (lines[at].startsWith("diff --git ")) return true;
  const [old, next = "", first = ""] = lines.slice(at, at + 3);
  return old.startsWith("--- ") && next.startsWith("+++ ") && first.startsWith("@@");
}

class Hunk {
  constructor(header) {
    /** First line of the old text, from 1, and the number of its lines and of those of the new text. */
    this.numbers = parseNumbers(header);
    /** Each with the mark ` `, `-` or `+`. */
    this.lines = [];
    /** Whether the old and the new text end without a line break. */
    this.oldIsOpen = false;
    this.newIsOpen = false;
  }

  old() {
    return this.lines.filter(({ mark }) => mark !== "+").map(({ line }) => line);
  }

  count(wanted) {
    return this.lines.filter(({ mark }) => mark === wanted).length;
  }

  /** Returns whether the header's counts are reached, so that a header of another file may follow. */
  isComplete() {
    if (this.numbers === null) return true;
    const context = this.count(" ");
    return context + this.count("-") >= this.numbers.old && context + this.count("+") >= this.numbers.new;
  }

  push(line) {
    if (line.startsWith("\\")) {
      const mark = this.lines.at(-1)?.mark;
      this.oldIsOpen ||= mark !== undefined && mark !== "+";
      this.newIsOpen ||= mark !== undefined && mark !== "-";
      return;
    }
    // The fence around the diff.
    if (line.startsWith("```")) return;
    const mark = line[0];
    // Models leave out the space before context.
    if (mark === "-" || mark === "+" || mark === " ") this.lines.push({ mark, line: line.slice(1) });
    else this.lines.push({ mark: " ", line });
  }

  /** Removes empty lines at the end that the header does not count. */
  dropBlankEnd() {
    let extra = Math.max(0, this.old().length - (this.numbers?.old ?? 0));
    for (; extra > 0 && this.lines.at(-1)?.mark === " " && this.lines.at(-1).line === ""; extra--) this.lines.pop();
  }
}

/** Reads ` -1,2 +3,4 @`. A count that is left out is 1. */
function parseNumbers(header) {
  const [old, next] = header.split(/\s+/).filter((part) => part !== "");
  const oldRange = parseRange(old, "-");
  const newRange = parseRange(next, "+");
  if (oldRange === null || newRange === null) return null;
  return { line: oldRange.line, old: oldRange.count, new: newRange.count };
}

function parseRange(part = "", sign) {
  const match = part.startsWith(sign) ? /^\+?([0-9]+)(?:,\+?([0-9]+))?$/.exec(part.slice(1)) : null;
  return match === null ? null : { line: Number(match[1]), count: Number(match[2] ?? 1) };
}
