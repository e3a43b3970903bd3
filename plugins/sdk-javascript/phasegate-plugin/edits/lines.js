// A text in lines that remembers its line endings and its byte order mark.

const MARK = "\ufeff";
const LF = "\n";
const CRLF = "\r\n";

/** A text in lines. A text that ends with a line break has an empty last line. */
export class TextLines {
  constructor(hasMark, lines, endings, usual) {
    this.hasMark = hasMark;
    this.lines = lines;
    /** The ending of each line; that of the last line is not used. */
    this.endings = endings;
    /** The ending of new lines. */
    this.usual = usual;
  }

  static parse(text) {
    const hasMark = text.startsWith(MARK);
    const pieces = (hasMark ? text.slice(1) : text).split(LF);
    const last = pieces.pop();
    const endings = pieces.map((piece) => (piece.endsWith("\r") ? CRLF : LF));
    const lines = pieces.map((piece, at) => (endings[at] === CRLF ? piece.slice(0, -1) : piece));
    const usual = endings.filter((ending) => ending === CRLF).length * 2 > endings.length ? CRLF : LF;
    return new TextLines(hasMark, [...lines, last], [...endings, usual], usual);
  }

  /**
   * Returns a text with the form of this one: its byte order mark, and its usual line ending in every line unless the
   * text has carriage returns of its own.
   */
  withText(text) {
    const next = TextLines.parse(text);
    next.hasMark = this.hasMark;
    if (!text.includes("\r")) {
      next.endings.fill(this.usual);
      next.usual = this.usual;
    }
    return next;
  }

  clone() {
    return new TextLines(this.hasMark, [...this.lines], [...this.endings], this.usual);
  }

  become(other) {
    Object.assign(this, other);
  }

  isEmpty() {
    return this.lines.length === 1 && this.lines[0] === "";
  }

  /** Returns the text with line feeds alone, without a byte order mark. */
  plain() {
    return this.lines.join(LF);
  }

  /** Replaces lines. Lines that stay at the start and the end of the range keep their endings. */
  splice(from, to, lines) {
    const old = this.lines.slice(from, to);
    const oldEndings = this.endings.slice(from, to);
    const sameStart = countWhile(Math.min(old.length, lines.length), (at) => old[at] === lines[at]);
    const rest = Math.min(old.length, lines.length) - sameStart;
    const sameEnd = countWhile(rest, (at) => old[old.length - 1 - at] === lines[lines.length - 1 - at]);
    const endings = lines.map((_, at) => {
      if (at < sameStart || old.length === lines.length) return oldEndings[at];
      if (at + sameEnd >= lines.length) return oldEndings[at + oldEndings.length - lines.length];
      return this.usual;
    });
    this.lines = [...this.lines.slice(0, from), ...lines, ...this.lines.slice(to)];
    this.endings = [...this.endings.slice(0, from), ...endings, ...this.endings.slice(to)];
    if (this.lines.length === 0) {
      this.lines = [""];
      this.endings = [this.usual];
    }
  }

  /** Replaces a range of `plain`. */
  replaceSpan(start, end, text) {
    const plain = this.plain();
    const before = plain.slice(0, start).split(LF);
    const after = plain.slice(end).split(LF)[0];
    const last = plain.slice(0, end).split(LF).length;
    this.splice(before.length - 1, last, `${before.at(-1)}${text}${after}`.split(LF));
  }

  /** Returns the whole text. */
  render() {
    const last = this.lines.length - 1;
    const body = this.lines.map((line, at) => (at < last ? line + this.endings[at] : line)).join("");
    return this.hasMark ? MARK + body : body;
  }
}

/** Returns a text as models write it, with line feeds alone and without a byte order mark. */
export function normalize(text) {
  return (text.startsWith(MARK) ? text.slice(1) : text).replaceAll(CRLF, LF);
}

export function countWhile(most, isSame) {
  let count = 0;
  while (count < most && isSame(count)) count++;
  return count;
}
