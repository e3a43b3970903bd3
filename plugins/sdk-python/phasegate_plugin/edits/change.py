"""An edit, and the reasons why a change does not fit a file."""

from dataclasses import dataclass

# The most lines that a fault names.
MAX_NAMED = 10


@dataclass
class Edit:
    """One replacement in a file."""

    find: str
    """The text as it stands in the file, with enough lines around it to occur once."""
    replace: str
    """What takes its place; empty to remove it."""


class EditFaults(Exception):
    """Why changes do not fit a file: one text for each edit or hunk, for a model to correct them."""

    def __init__(self, faults: list[str]):
        super().__init__("\n".join(faults))
        self.faults = faults


class Misfit(Exception):
    """Why one edit or hunk does not fit."""


def not_found(excerpt: str | None) -> Misfit:
    if excerpt is None:
        return Misfit("the file has no such text, nor a similar one")
    return Misfit(f"the file has no such text; the nearest lines are:\n{excerpt}")


def ambiguous(lines: list[int]) -> Misfit:
    """The text occurs at several places, which begin in these lines, from 1."""
    named = ", ".join(map(str, lines[:MAX_NAMED]))
    more = " and others" if len(lines) > MAX_NAMED else ""
    return Misfit(f"the text occurs {len(lines)} times, in lines {named}{more}; give more of the lines around it")


def no_change() -> Misfit:
    return Misfit("it changes nothing")
