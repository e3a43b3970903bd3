// The reasons why a change does not fit a file, worded so that a model can correct it.

/** The most lines that a fault names. */
const MAX_NAMED = 10;

export const NO_CHANGE = "it changes nothing";
export const NOTHING_TO_FIND = "`find` is empty, and the file is not";
export const NOT_FOUND = "the file has no such text";

export function notFound(nearest) {
  return nearest === null ? `${NOT_FOUND}, nor a similar one` : `${NOT_FOUND}; the nearest lines are:\n${nearest}`;
}

/** The text begins at several places, in these lines, from 1. */
export function ambiguous(lines) {
  const more = lines.length > MAX_NAMED ? " and others" : "";
  const named = lines.slice(0, MAX_NAMED).join(", ");
  return `the text occurs ${lines.length} times, in lines ${named}${more}; give more of the lines around it`;
}
