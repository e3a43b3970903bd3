"""Functions that a model can call while it works on a question, and the limits of such a conversation.

Results are fenced as data. A call with an unknown name or bad arguments gets an error as its result, so that the
model can correct it. When a limit is reached, the model is asked to answer without further calls.
"""

from typing import Any, Protocol

from .json_text import JsonFault, load
from .prompt import fenced
from .texts import first_bytes, size, trim
from .types import Message, Response, Text, Tool, ToolCall, ToolResult

MAX_ROUNDS = 20
MAX_CALLS = 100
MAX_BYTES = 128 * 1024
MAX_RESULT_BYTES = 16 * 1024
ANSWER_NOW = (
    "No further tool calls are possible. Give your answer now, in the form that was asked for, from what you know."
)


class ToolError(Exception):
    """The reason why a call has no result, worded so that a model can correct its call."""


class Toolbox(Protocol):
    """Functions that a model can call."""

    def tools(self) -> list[Tool]:
        """Returns the tools: the same for every question, so that providers can reuse their requests."""

    def call(self, name: str, arguments: dict[str, Any]) -> str:
        """Calls a tool. Raises `ToolError`."""


class Allowance:
    """What is left of the limits of one question."""

    def __init__(self) -> None:
        self.rounds, self.calls, self.bytes = MAX_ROUNDS, MAX_CALLS, MAX_BYTES

    def is_left(self) -> bool:
        return self.rounds > 0 and self.calls > 0 and self.bytes > 0

    def answer(self, toolbox: Toolbox, response: Response) -> list[Message]:
        """Answers the calls of a response. Returns the messages that continue the conversation: the response as it
        is, which may hold a provider's reasoning, and the results. There are none if it calls nothing.
        """
        calls = [part for part in response.content if isinstance(part, ToolCall)]
        if not calls:
            return []
        self.rounds -= 1
        results: list = [self._result(toolbox, call) for call in calls]
        if not self.is_left():
            results.append(Text(ANSWER_NOW))
        return [Message("assistant", list(response.content)), Message("user", results)]

    def _result(self, toolbox: Toolbox, call: ToolCall) -> ToolResult:
        is_error = False
        try:
            if self.calls <= 0 or self.bytes <= 0:
                raise ToolError("the limit of tool calls for this question is reached")
            text = run(toolbox, call)
        except ToolError as error:
            is_error, text = True, str(error)
        self.calls = max(self.calls - 1, 0)
        text = shorten(text, min(max(self.bytes, 1_000), MAX_RESULT_BYTES))
        self.bytes = max(self.bytes - size(text), 0)
        title = "Error of this call" if is_error else "Result of this call"
        return ToolResult(call.id, fenced(title, text), is_error)


def run(toolbox: Toolbox, call: ToolCall) -> str:
    names = [tool.name for tool in toolbox.tools()]
    if call.name not in names:
        known = ", ".join(f"`{name}`" for name in names)
        raise ToolError(f"there is no tool `{call.name}`; the tools are {known}")
    try:
        arguments = load(call.arguments) if trim(call.arguments) else {}
    except JsonFault as fault:
        raise ToolError(f"the arguments of `{call.name}` are not JSON: {fault}") from None
    if not isinstance(arguments, dict):
        raise ToolError(f"the arguments of `{call.name}` are not a JSON object")
    return toolbox.call(call.name, arguments)


def shorten(text: str, most: int) -> str:
    return text if size(text) <= most else first_bytes(text, most) + "\n… (cut here by its length)"
