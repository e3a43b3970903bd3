// The sections of a question, ordered so that providers can reuse what they know from earlier requests.
//
// A provider charges less for the start of a request that equals the start of an earlier one. So text that many
// requests share comes first, and text of one request comes last.

import { trim } from "./text.js";

/** Which requests share a section's text, from the most to the fewest. Sections are sent in this order. */
export const SHARED_BY = ["run", "phases", "agent", "subject", "attempt", "call"];

/** The text of a user message in sections. */
export class Sections {
  constructor() {
    this.sections = SHARED_BY.map(() => []);
  }

  /** Returns sections of which a text is one, shared by one call alone. */
  static from(text) {
    return text instanceof Sections ? text : new Sections().add("call", text);
  }

  /**
   * Adds a section after those that the same requests share. White space around it is removed; an empty one adds
   * nothing.
   */
  add(sharedBy, text) {
    const at = SHARED_BY.indexOf(sharedBy);
    if (at < 0) throw new TypeError(`a section is shared by ${SHARED_BY.join(", ")}, not by \`${sharedBy}\``);
    const section = trim(text);
    if (section !== "") this.sections[at].push(section);
    return this;
  }

  /**
   * Returns one text for each group of sections that the same requests share. The whole message is their concatenation.
   */
  texts() {
    const texts = this.sections.filter((group) => group.length > 0).map((group) => group.join("\n\n"));
    return texts.map((text, at) => (at + 1 < texts.length ? `${text}\n\n` : text));
  }
}
