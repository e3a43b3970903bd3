"""Asks a model through an official SDK, which validates the response strictly, and prints what the SDK read as JSON.

Usage: sdk.py chat|messages ADDRESS whole|stream
"""

import json
import sys

QUESTION = [{"role": "user", "content": "?"}]


def chat(address: str, stream: bool) -> tuple[str, str, int, int]:
    from openai import OpenAI

    client = OpenAI(base_url=address + "/v1", api_key="-", max_retries=0, _strict_response_validation=True)
    if not stream:
        answer = client.chat.completions.create(model="m", messages=QUESTION)
        choice, usage = answer.choices[0], answer.usage
        return choice.message.content, choice.finish_reason, usage.prompt_tokens, usage.completion_tokens
    text, stop, usage = "", None, None
    options = {"include_usage": True}
    for chunk in client.chat.completions.create(model="m", messages=QUESTION, stream=True, stream_options=options):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            stop = choice.finish_reason or stop
    return text, stop, usage.prompt_tokens, usage.completion_tokens


def messages(address: str, stream: bool) -> tuple[str, str, int, int]:
    from anthropic import Anthropic

    client = Anthropic(base_url=address, api_key="-", max_retries=0, _strict_response_validation=True)
    if stream:
        with client.messages.stream(model="m", max_tokens=100, messages=QUESTION) as events:
            answer = events.get_final_message()
    else:
        answer = client.messages.create(model="m", max_tokens=100, messages=QUESTION)
    text = "".join(part.text for part in answer.content if part.type == "text")
    return text, answer.stop_reason, answer.usage.input_tokens, answer.usage.output_tokens


def main(kind: str, address: str, mode: str) -> None:
    text, stop, read, written = {"chat": chat, "messages": messages}[kind](address, mode == "stream")
    print(json.dumps({"text": text, "stop": stop, "input_tokens": read, "output_tokens": written}))


main(*sys.argv[1:])
