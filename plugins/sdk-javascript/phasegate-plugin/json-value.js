// JSON values with the order of members and the form of numbers kept. An object is a Map, a list an array.

/** A number as text: integers of up to 64 bits as they are, others with a decimal point. */
export class JsonNumber {
  constructor(text) {
    this.text = text;
  }
}

/** Returns the one form of a number; null if it is too large. */
export function canonical(text, isInteger) {
  if (isInteger && text !== "-0" && BigInt(text) === BigInt.asIntN(64, BigInt(text))) return text;
  if (isInteger && text !== "-0" && BigInt(text) === BigInt.asUintN(64, BigInt(text))) return text;
  const number = Number(text);
  return Number.isFinite(number) ? decimal(number) : null;
}

function decimal(number) {
  if (number === 0) return Object.is(number, -0) ? "-0.0" : "0.0";
  const [mantissa, exponent] = Math.abs(number).toExponential().split("e");
  const digits = mantissa.replace(".", "");
  const point = Number(exponent) + 1;
  const sign = number < 0 ? "-" : "";
  if (point > 16 || point <= -5) return `${sign}${mantissa}e${point - 1}`;
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return `${sign}${digits.slice(0, point).padEnd(point, "0")}.${digits.slice(point) || "0"}`;
}

/** Returns a value as compact JSON. */
export function write(value) {
  if (value instanceof JsonNumber) return value.text;
  if (value instanceof Map) {
    const members = [...value].map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`);
    return `{${members.join(",")}}`;
  }
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  return JSON.stringify(value);
}

/** Returns a value as JSON, indented by two spaces. */
export function writeIndented(value, indent = "") {
  const inner = `${indent}  `;
  if (value instanceof Map && value.size > 0) {
    const members = [...value].map(([name, member]) => `${JSON.stringify(name)}: ${writeIndented(member, inner)}`);
    return `{\n${members.map((member) => inner + member).join(",\n")}\n${indent}}`;
  }
  if (Array.isArray(value) && value.length > 0) {
    return `[\n${value.map((element) => inner + writeIndented(element, inner)).join(",\n")}\n${indent}]`;
  }
  return write(value);
}

/** Returns whether two values are equal. The order of members does not count. */
export function isEqual(a, b) {
  if (a instanceof JsonNumber && b instanceof JsonNumber) return a.text === b.text;
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && [...a].every(([name, member]) => b.has(name) && isEqual(member, b.get(name)));
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((element, at) => isEqual(element, b[at]));
  }
  return a === b;
}
