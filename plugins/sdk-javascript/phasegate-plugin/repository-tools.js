// Tools for models: list, read and search the files of the repository.

import { ToolError } from "./failure.js";
import { listFiles, read, searchText } from "./host.js";
import { firstCharacters, isBlank, lines, trim, trimEnd } from "./text.js";
import { byteLength, decode, decodeLossy } from "./utf8.js";

/** The most files that are listed one by one; more are counted by folder. */
const MAX_LISTED = 200;
/** The most bytes of one result, below the limit of the conversation. */
const MAX_BYTES = 15_000;
const MAX_LINE_CHARACTERS = 1_000;
const MAX_SUGGESTED = 5;

const LIST_FILES = {
  name: "list_files",
  description: "Lists the files of the repository below a folder, with their sizes.",
  parameters: {
    type: "object",
    properties: { folder: { type: "string", description: "Relative path; empty for the whole repository" } },
    required: ["folder"],
    additionalProperties: false,
  },
};
const READ_FILE = {
  name: "read_file",
  description: "Returns the lines of a file, each after its number and a bar, which are not part of the file.",
  parameters: {
    type: "object",
    properties: {
      path: { type: "string", description: "Relative path of the file" },
      from_line: { type: "integer", minimum: 1, description: "First line; default: 1" },
      to_line: { type: "integer", minimum: 1, description: "Last line; default: the last one of the file" },
    },
    required: ["path"],
    additionalProperties: false,
  },
};
const SEARCH_TEXT = {
  name: "search_text",
  description:
    "Returns the lines that contain a text, as path:line: text. Case is ignored; patterns are not supported.",
  parameters: {
    type: "object",
    properties: {
      text: { type: "string", minLength: 1, description: "Text within one line" },
      folder: { type: "string", description: "Relative path of a folder; default: the whole repository" },
    },
    required: ["text"],
    additionalProperties: false,
  },
};

/** Returns `list_files`, `read_file` and `search_text` on the run's repository. */
export function repositoryTools(repository) {
  return [
    { ...LIST_FILES, call: (given) => list(repository, given) },
    { ...READ_FILE, call: (given) => show(repository, given) },
    { ...SEARCH_TEXT, call: search },
  ];
}

function list(repository, given) {
  const folder = clean(textArgument(LIST_FILES, given, "folder", ""));
  const found = listFiles(folder);
  if (found.tag === "err") throw new ToolError(found.val.val);
  const { files, leftOut } = found.val;
  if (files.length === 0) throw new ToolError(`there is no file below \`${folder}\`${suggestions(repository, folder)}`);
  const text = files.length > MAX_LISTED ? renderByFolder(folder, files) : files.map(renderFile).join("");
  return leftOut > 0 ? `${text}${leftOut} more files are not counted here: list a folder below.\n` : text;
}

function show(repository, given) {
  const path = clean(textArgument(READ_FILE, given, "path"));
  const from = lineArgument(given, "from_line");
  const to = lineArgument(given, "to_line");
  const found = read(`repository/${path}`);
  if (found.tag === "err") {
    const { tag, val } = found.val;
    throw new ToolError(tag === "unknown" ? `${val}${suggestions(repository, path)}` : val);
  }
  const content = found.val;
  if (content.includes(0)) throw new ToolError(`\`${path}\` is not text (${content.length} bytes)`);
  const all = lines(decodeLossy(content));
  const first = Math.max(from ?? 1, 1);
  const last = Math.min(to ?? all.length, all.length);
  if (all.length === 0) return `${path}: empty\n`;
  if (first > last) {
    throw new ToolError(`\`${path}\` has no lines from ${first} to ${last}; its last line is ${all.length}`);
  }
  const width = String(last).length;
  const numbered = (line, at) => `${String(first + at).padStart(width)} | ${shorten(line)}\n`;
  const shown = fitting(all.slice(first - 1, last).map(numbered));
  const end = first - 1 + shown.length;
  const rest = end < last ? `; the result is full: read on from line ${end + 1}` : "";
  const foreign = decode(content) === null ? "; not UTF-8, cannot be edited" : "";
  return `${path}: lines ${first} to ${end} of ${all.length}${rest}${foreign}\n----\n${shown.join("")}`;
}

function search(given) {
  const text = textArgument(SEARCH_TEXT, given, "text");
  const folder = clean(textArgument(SEARCH_TEXT, given, "folder", ""));
  if (isBlank(text)) throw new ToolError("`text` is empty");
  const found = searchText(text, folder);
  if (found.tag === "err") throw new ToolError(found.val.val);
  const { matches, incomplete } = found.val;
  if (matches.length === 0) return `no line contains \`${text}\`\n`;
  const all = matches.map((hit) => `${hit.path}:${hit.line}: ${shorten(trimEnd(hit.text))}\n`);
  const shown = fitting(all);
  const isCut = incomplete || shown.length < all.length;
  return shown.join("") + (isCut ? "There are more: search for a longer text or in a folder.\n" : "");
}

/** Returns the first texts that fit into one result. */
function fitting(texts) {
  let bytes = 0;
  const end = texts.findIndex((text) => {
    bytes += byteLength(text);
    return bytes > MAX_BYTES;
  });
  return end < 0 ? texts : texts.slice(0, end);
}

/** Names files of the map with the same name as a path that does not exist. */
function suggestions(repository, path) {
  const name = (known) => known.slice(known.lastIndexOf("/") + 1).toLowerCase();
  const same = repository.map.paths.filter((file) => name(file.path) === name(path)).slice(0, MAX_SUGGESTED);
  return same.length === 0 ? "" : `; files of this name: ${same.map((file) => `\`${file.path}\``).join(", ")}`;
}

function textArgument(tool, given, name, usual) {
  const value = given[name] ?? usual;
  if (typeof value === "string" && given[name] !== null) return value;
  const isMissing = given[name] === undefined;
  const why = isMissing ? `missing field \`${name}\`` : `invalid type: ${describe(given[name])}, expected a string`;
  throw new ToolError(`the arguments of \`${tool.name}\` are invalid: ${why}`);
}

function describe(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return "sequence";
  if (typeof value === "object") return "map";
  if (typeof value === "boolean") return `boolean \`${value}\``;
  return Number.isInteger(value) ? `integer \`${value}\`` : `floating point \`${value}\``;
}

/** Reads a line number, which some models give as text. */
function lineArgument(given, name) {
  const value = given[name];
  if (value === undefined || value === null || (typeof value === "string" && isBlank(value))) return null;
  const text = typeof value === "string" ? trim(value) : JSON.stringify(value);
  if (!/^\+?[0-9]+$/.test(text)) {
    throw new ToolError(`the arguments of \`read_file\` are invalid: \`${text}\` is not a line number`);
  }
  return Number(text);
}

/** Returns a path as the host knows it: without `./` or `/` in front and `/` at the end. */
function clean(given) {
  const path = trim(given).replace(/^\.\//, "").replace(/^\/+|\/+$/g, "");
  return path === "." ? "" : path;
}

function renderFile({ path, size, kind }) {
  return `${path} (${size} bytes${kind === "text" ? "" : `, ${kind}`})\n`;
}

/** Renders the files directly in the folder, and one line for each folder below it. */
function renderByFolder(folder, files) {
  const start = folder === "" ? "" : `${folder}/`;
  const inside = (file) => (file.path.startsWith(start) ? file.path.slice(start.length) : file.path);
  const direct = files.filter((file) => !inside(file).includes("/"));
  const counts = new Map();
  for (const file of files) {
    const [below, ...rest] = inside(file).split("/");
    if (rest.length > 0) counts.set(below, (counts.get(below) ?? 0) + 1);
  }
  let text = direct.slice(0, MAX_LISTED).map(renderFile).join("");
  if (direct.length > MAX_LISTED) {
    text += `${direct.length - MAX_LISTED} more files in this folder: use search_text to find one.\n`;
  }
  const folders = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  const rendered = folders.map(([below, count]) => `${start}${below}/ (${count} ${count === 1 ? "file" : "files"})\n`);
  return text + rendered.join("");
}

function shorten(line) {
  const start = firstCharacters(line, MAX_LINE_CHARACTERS);
  return start === null ? line : `${start}… (line cut here)`;
}
