"""Renders feedback for prompts: every issue in full, every instruction, and people's remarks word for word."""

from .texts import trim, trim_end
from .types import FeedbackItem, Issue, Location


def render(items: list[FeedbackItem]) -> str:
    """Renders all feedback of an assignment; empty if there is none."""
    return "\n".join(render_item(item) for item in items)


def render_item(item: FeedbackItem) -> str:
    if item.source.startswith("person:"):
        text = f"## From a person: {item.source.removeprefix('person:')}\n"
    elif item.source == "host":
        text = "## From the host, about an attempt that it rejected\n"
    else:
        text = f"## From the gate `{item.source}`\n"
    if trim(item.instructions):
        text += trim_end(item.instructions) + "\n"
    return text + "".join("\n" + render_issue(issue) for issue in item.issues)


def render_issue(issue: Issue) -> str:
    """Renders one issue with all its fields."""
    text = (
        f"- {issue.id} [{issue.severity}] {issue.category} ({issue.defect_type}; injected in {issue.phase_injected})\n"
    )
    lines = [
        ("Where", render_location(issue.location)),
        ("Description", issue.description),
        ("Evidence", issue.evidence),
        ("Impact", issue.impact),
        ("Recommendation", issue.recommendation),
    ]
    for title, content in lines:
        if content and trim(content):
            content = trim_end(content).replace("\n", "\n    ")
            text += f"  {title}: {content}\n"
    return text


def render_location(location: Location | None) -> str | None:
    if location is None:
        return None
    return location.path if location.line is None else f"{location.path}:{location.line}"
