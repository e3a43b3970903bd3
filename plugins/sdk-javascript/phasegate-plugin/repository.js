// The run's repository: the host's map of it, and its files as they were before the run, read on demand.
//
// Paths are relative to the repository, with `/` separators. Reads fail where the phase may not read `repository/*`.

import { Failure } from "./failure.js";
import { listFiles, read } from "./host.js";
import { repositoryTools } from "./repository-tools.js";
import { decode } from "./utf8.js";

const MAP = "repository_map";
/** Bytes of one token, as budgets count. */
const BYTES_PER_TOKEN = 4;

export class Repository {
  constructor(map) {
    this.map = map;
  }

  /** Reads the map. Null if the phase does not read `repository_map` or the run has no repository. */
  static open(work) {
    const map = work.optionalJson(MAP);
    return map === null ? null : new Repository({ languages: {}, paths: [], left_out: 0, notes: [], ...map });
  }

  /** Returns the content of a file. */
  read(path) {
    return valueOf(read(`repository/${path}`), `\`${path}\``);
  }

  /** Returns the text of a file. Null if it does not exist, cannot be read, or is not UTF-8 text. */
  text(path) {
    const content = read(`repository/${path}`);
    if (content.tag === "err") return null;
    const text = decode(content.val);
    return text === null || text.includes("\0") ? null : text;
  }

  /** Returns whether a file of this path exists, also one that cannot be read, for example a symlink. */
  contains(path) {
    if (this.map.paths.some((file) => file.path === path)) return true;
    const listed = listFiles(path.slice(0, Math.max(0, path.lastIndexOf("/"))));
    if (listed.tag === "ok" && listed.val.files.some((file) => file.path === path)) return true;
    return read(`repository/${path}`).tag === "ok";
  }

  /**
   * Returns all files, `{ path, size, kind, text }`, sorted by path, if the texts together take at most this many
   * tokens of four bytes, else null. `text` is null unless the content is UTF-8 text.
   */
  whole(tokens) {
    const most = tokens * BYTES_PER_TOKEN;
    if (this.map.text_bytes > most) return null;
    const list = valueOf(listFiles(""), "the list of files");
    if (list.leftOut > 0) return null;
    let bytes = 0;
    const files = list.files.map(({ path, size, kind }) => {
      if (kind !== "text") return { path, size, kind, text: null };
      const content = this.read(path);
      bytes += content.length;
      return { path, size, kind, text: decode(content) };
    });
    return bytes <= most ? files : null;
  }

  /** Returns functions that let a model list, read and search the files. */
  tools() {
    return repositoryTools(this);
  }
}

function valueOf(result, what) {
  if (result.tag === "ok") return result.val;
  throw new Failure(`${what} of the repository cannot be read: ${result.val.val}`);
}
