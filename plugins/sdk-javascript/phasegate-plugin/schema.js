// JSON Schemas as models get them. Servers compile a schema to a grammar, and a large bound makes the grammar so large
// that they refuse it or become slow.

import { JsonError, parse } from "./json.js";
import { JsonNumber, write } from "./json-value.js";

/** The largest bound that is kept. */
const MAX_BOUND = 100;
const BOUNDS = ["maxItems", "maxLength", "minItems", "minLength"];
const MAPS = ["properties", "patternProperties", "$defs", "definitions"];
const LISTS = ["allOf", "anyOf", "oneOf", "prefixItems"];
const SINGLE = ["items", "additionalProperties", "not", "contains"];

/**
 * Returns the schema without bounds above 100 and without `$schema`, as compact text with the same order of members. A
 * text that is not JSON is returned unchanged. A schema may also be given as an object.
 */
export function forModels(schema) {
  const text = typeof schema === "string" ? schema : JSON.stringify(schema);
  try {
    const value = parse(text);
    removeBounds(value);
    if (value instanceof Map) value.delete("$schema");
    return write(value);
  } catch (error) {
    if (error instanceof JsonError) return text;
    throw error;
  }
}

function removeBounds(schema) {
  if (!(schema instanceof Map)) return;
  for (const [name, value] of [...schema]) {
    if (BOUNDS.includes(name) && isLarge(value)) schema.delete(name);
    else if (MAPS.includes(name) && value instanceof Map) [...value.values()].forEach(removeBounds);
    else if (LISTS.includes(name) && Array.isArray(value)) value.forEach(removeBounds);
    else if (SINGLE.includes(name)) removeBounds(value);
  }
}

function isLarge(value) {
  return value instanceof JsonNumber && /^[0-9]+$/.test(value.text) && BigInt(value.text) > MAX_BOUND;
}
