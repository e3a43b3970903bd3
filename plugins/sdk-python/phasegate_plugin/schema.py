"""JSON Schemas as models get them. Servers compile a schema to a grammar, and a large bound makes the grammar so
large that they refuse it or become slow.
"""

import json
from typing import Any

from .json_text import JsonFault, compact, load

MAX_BOUND = 100
BOUNDS = ("maxItems", "maxLength", "minItems", "minLength")
MAPS_OF_SCHEMAS = ("properties", "patternProperties", "$defs", "definitions")
LISTS_OF_SCHEMAS = ("allOf", "anyOf", "oneOf", "prefixItems")
SCHEMAS = ("items", "additionalProperties", "not", "contains")


def for_models(schema: str | dict) -> str:
    """Returns the schema without bounds above 100 and without `$schema`, as compact text with the same order of
    members. A text that is not JSON is returned unchanged.
    """
    text = schema if isinstance(schema, str) else json.dumps(schema)
    try:
        value = load(text)
    except JsonFault:
        return text
    value = without_bounds(value)
    if isinstance(value, dict):
        value.pop("$schema", None)
    return compact(value)


def without_bounds(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    return {name: member(name, value) for name, value in schema.items() if not is_large_bound(name, value)}


def member(name: str, value: Any) -> Any:
    if name in MAPS_OF_SCHEMAS and isinstance(value, dict):
        return {key: without_bounds(schema) for key, schema in value.items()}
    if name in LISTS_OF_SCHEMAS and isinstance(value, list):
        return [without_bounds(schema) for schema in value]
    return without_bounds(value) if name in SCHEMAS else value


def is_large_bound(name: str, value: Any) -> bool:
    return name in BOUNDS and isinstance(value, int) and value > MAX_BOUND
