"""Validates the body of a request, read as JSON from stdin, against the types of an official SDK.

Usage: request.py chat|messages
"""

import json
import sys
import typing

from pydantic import TypeAdapter

# The types of the SDKs, which are imported below, take iterables. Pydantic would validate the items of these only when they
# are read.
typing.Iterable = typing.List


def request_type(kind: str, stream: bool) -> type:
    if kind == "chat":
        from openai.types.chat import completion_create_params as params

        return params.CompletionCreateParamsStreaming if stream else params.CompletionCreateParamsNonStreaming
    from anthropic.types import message_create_params as params

    return params.MessageCreateParamsStreaming if stream else params.MessageCreateParamsNonStreaming


def main(kind: str) -> None:
    body = json.load(sys.stdin)
    wanted = request_type(kind, body.get("stream", False))
    unknown = body.keys() - wanted.__required_keys__ - wanted.__optional_keys__
    if unknown:
        sys.exit(f"the SDK does not know {sorted(unknown)}")
    TypeAdapter(wanted).validate_python(body)


main(*sys.argv[1:])
