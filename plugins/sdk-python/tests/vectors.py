"""Reads the shared vectors in `plugins/sdk-vectors`, and runs their questions."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from phasegate_plugin import Failure, Question, Repository, Sections, ToolError, Work
from phasegate_plugin.testing import FakeHost
from phasegate_plugin.types import Opaque, Other, Request, Text, Tool, ToolCall, ToolResult

FOLDER = Path(__file__).parents[2] / "sdk-vectors"


def cases(name: str) -> list[dict]:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def sections_of(pairs: list) -> Sections:
    sections = Sections()
    for shared_by, text in pairs:
        sections = sections.add(shared_by, text)
    return sections


class Scripted:
    """Tools with the same result for every call."""

    def __init__(self, tools: list[dict]):
        self.scripts = {tool["name"]: tool for tool in tools}

    def tools(self) -> list[Tool]:
        return [Tool(tool["name"], tool["description"], tool["parameters"]) for tool in self.scripts.values()]

    def call(self, name: str, arguments: dict) -> str:
        tool = self.scripts[name]
        if "error" in tool:
            raise ToolError(tool["error"])
        result = tool["result"]
        return result if isinstance(result, str) else result["repeat"] * result["times"]


def run(case: dict) -> tuple[Any, str | None, FakeHost]:
    """Asks the question of a case. Returns its value, or the reason of its failure, and the host."""
    host = FakeHost()
    for file in case.get("repository", []):
        host.file(file["path"], file["text"] if "text" in file else bytes(file["bytes"]))
    for answer in case["answers"]:
        if "error" in answer:
            [(kind, why)] = answer["error"].items()
            host.model_error(answer["label"], kind, why)
        else:
            content = [content_of(part) for part in answer["content"]]
            host.content(answer["label"], content, answer["stop"], answer["output_tokens"])
    try:
        return host.run(lambda work: ask(case, work)), None, host
    except Failure as failure:
        return None, failure.reason, host


def ask(case: dict, work: Work) -> Any:
    given = dict(case["question"])
    if isinstance(given["user"], list):
        given["user"] = sections_of(given["user"])
    if "tools" in case:
        given["tools"] = Scripted(case["tools"])
    if "repository" in case:
        given["tools"] = Repository.open(work).tools()
    question = Question(**given)
    return question.text() if case["method"] == "text" else question.json(check_of(case.get("refused")))


def check_of(refused: dict | None) -> Any:
    def check(value: Any) -> list[str]:
        is_refused = isinstance(value, dict) and value.get(refused["member"]) == refused["value"]
        return [refused["fault"]] if is_refused else []

    return check if refused else None


def content_of(part: dict) -> Any:
    [(kind, value)] = part.items()
    if kind == "tool_call":
        return ToolCall(**value)
    return {"text": Text, "opaque": Opaque, "other": Other}[kind](value)


def plain(value: Any) -> Any:
    """Returns a request, or a part of it, in the form of the vectors."""
    if isinstance(value, (Text, Other)):
        return {"text" if isinstance(value, Text) else "other": value.text}
    if isinstance(value, Opaque):
        return {"opaque": value.block}
    if isinstance(value, (ToolCall, ToolResult)):
        return {"tool_call" if isinstance(value, ToolCall) else "tool_result": members(value)}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return members(value) if hasattr(value, "__dataclass_fields__") else value


def members(value: Any) -> dict:
    return {member.name: plain(getattr(value, member.name)) for member in fields(value)}


def results_of(request: Request) -> list[dict]:
    parts = [part for message in request.messages for part in message.content]
    return [members(part) for part in parts if isinstance(part, ToolResult)]
