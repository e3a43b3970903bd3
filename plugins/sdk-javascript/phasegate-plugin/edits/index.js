// Changes to existing files as models give them: texts to find and replace, or a unified diff, instead of the whole
// file.
//
// A text is matched exactly first; then without regard to white space at the ends of lines; then with an indentation
// that differs by the same amount in every line. It must occur exactly once. Line endings and the byte order mark of a
// file stay as they were. Faults name the nearest lines, so that a model can correct its answer. Pure.
//
// A change that does not fit is `{ faults }`; one that fits is `{ text }`.

import { TextLines } from "./lines.js";
import { applyEdit } from "./replace.js";
import { applyHunks } from "./unified.js";

/**
 * Applies edits, `{ find, replace }`, in their order, each to the result of those before. Names all that do not fit.
 */
export function applyEdits(base, edits) {
  const text = TextLines.parse(base);
  const faults = [];
  edits.forEach((edit, at) => {
    const fault = applyEdit(text, edit);
    if (fault !== null) faults.push(`edit ${at + 1}: ${fault}`);
  });
  return faults.length === 0 ? { text: text.render() } : { faults };
}

/** Applies a unified diff of one file. Line numbers of hunks decide only between several places that fit. */
export function applyDiff(base, diff) {
  const text = TextLines.parse(base);
  const faults = applyHunks(text, diff);
  return faults.length === 0 ? { text: text.render() } : { faults };
}

/** Returns the whole text of a changed file with the line endings and the byte order mark of the file as it was. */
export function keepForm(base, text) {
  return TextLines.parse(base).withText(text).render();
}
