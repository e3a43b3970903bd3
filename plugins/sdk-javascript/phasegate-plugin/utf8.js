// UTF-8 without the platform: QuickJS has no TextEncoder and TextDecoder.

const CHUNK = 4096;
const REPLACEMENT = 0xfffd;

/** Returns the text as UTF-8. A lone surrogate becomes U+FFFD. */
export function encode(text) {
  const bytes = new Uint8Array(byteLength(text));
  let at = 0;
  for (let index = 0; index < text.length; index++) {
    let code = text.charCodeAt(index);
    if (code < 0x80) {
      bytes[at++] = code;
      continue;
    }
    code = text.codePointAt(index);
    if (code > 0xffff) index++;
    if (code >= 0xd800 && code < 0xe000) code = REPLACEMENT;
    if (code < 0x800) {
      bytes[at++] = 0xc0 | (code >> 6);
    } else {
      if (code < 0x10000) {
        bytes[at++] = 0xe0 | (code >> 12);
      } else {
        bytes[at++] = 0xf0 | (code >> 18);
        bytes[at++] = 0x80 | ((code >> 12) & 0x3f);
      }
      bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
    }
    bytes[at++] = 0x80 | (code & 0x3f);
  }
  return bytes;
}

/** Returns the number of bytes that a text takes as UTF-8. */
export function byteLength(text) {
  let length = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x80) continue;
    // A surrogate pair takes 4 bytes: 2 for each half.
    length += code < 0x800 || isHalfOfPair(text, index) ? 1 : 2;
  }
  return length;
}

function isHalfOfPair(text, index) {
  const code = text.charCodeAt(index);
  if (code < 0xd800 || code >= 0xe000) return false;
  const isFirst = code < 0xdc00;
  const other = text.charCodeAt(isFirst ? index + 1 : index - 1);
  return isFirst ? other >= 0xdc00 && other < 0xe000 : other >= 0xd800 && other < 0xdc00;
}

/** Returns the longest start of a text that takes at most this many bytes as UTF-8. */
export function startOfBytes(text, most) {
  let bytes = 0;
  let index = 0;
  while (index < text.length) {
    const code = text.codePointAt(index);
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > most) break;
    index += code > 0xffff ? 2 : 1;
  }
  return text.slice(0, index);
}

/** Returns the text, or null if the bytes are not UTF-8. */
export function decode(bytes) {
  return read(bytes, false);
}

/** Returns the text with U+FFFD in place of bytes that are not UTF-8. */
export function decodeLossy(bytes) {
  return read(bytes, true);
}

function read(bytes, isLossy) {
  let text = "";
  let codes = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] < 0x80) {
      codes.push(bytes[at++]);
    } else {
      const [code, length] = character(bytes, at);
      if (code === null && !isLossy) return null;
      at += length;
      const known = code ?? REPLACEMENT;
      if (known > 0xffff) codes.push(0xd800 + ((known - 0x10000) >> 10), 0xdc00 + ((known - 0x10000) & 0x3ff));
      else codes.push(known);
    }
    if (codes.length >= CHUNK) {
      text += String.fromCharCode(...codes);
      codes = [];
    }
  }
  return text + String.fromCharCode(...codes);
}

/** Returns a character and the number of its bytes; null and the number of bytes to leave out if it is invalid. */
function character(bytes, at) {
  const first = bytes[at];
  if (first < 0xc2 || first > 0xf4) return [null, 1];
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  let code = first & (0xff >> (length + 1));
  for (let more = 1; more < length; more++) {
    const byte = bytes[at + more];
    const [low, high] = more === 1 ? secondByte(first) : [0x80, 0xbf];
    if (!(byte >= low && byte <= high)) return [null, more];
    code = (code << 6) | (byte & 0x3f);
  }
  return [code, length];
}

/** Returns the bytes that may follow, so that no character has two forms and none is a surrogate. */
function secondByte(first) {
  switch (first) {
    case 0xe0:
      return [0xa0, 0xbf];
    case 0xed:
      return [0x80, 0x9f];
    case 0xf0:
      return [0x90, 0xbf];
    case 0xf4:
      return [0x80, 0x8f];
    default:
      return [0x80, 0xbf];
  }
}
