"""The sections of a question, ordered so that providers can reuse what they know from earlier requests.

A provider charges less for the start of a request that equals the start of an earlier one. So text that many requests
share comes first, and text of one request comes last.
"""

from itertools import groupby

from .texts import trim

SHARED_BY = ("run", "phases", "agent", "subject", "attempt", "call")


class Sections:
    """The text of a user message in sections. It never changes: `add` returns a new one, so questions can share them.

    sections = Sections().add("run", task).add("agent", rules)
    """

    def __init__(self, sections: tuple[tuple[int, str], ...] = ()) -> None:
        self._sections = sections

    def add(self, shared_by: str, text: str) -> "Sections":
        """Returns these sections and one more, after those that the same requests share. White space around it is
        removed; an empty one adds nothing.

        `shared_by` says which requests share the text, and with it the order:

        - `run`: all agents of the run (the task, its context files, the environment);
        - `phases`: the agents of several phases (artifacts, in the order in which they are made);
        - `agent`: all calls of this agent for the same artifacts (its rules, the form of the answer);
        - `subject`: the calls of this agent about one subject, for example the code that it reviews;
        - `attempt`: the calls of one attempt (the previous work and the feedback on it);
        - `call`: one call alone, for example the speciality of one reviewer.
        """
        if shared_by not in SHARED_BY:
            raise ValueError(f"`{shared_by}` is none of {', '.join(SHARED_BY)}")
        text = trim(text)
        added = ((SHARED_BY.index(shared_by), text),) if text else ()
        return Sections(tuple(sorted(self._sections + added, key=lambda section: section[0])))

    def texts(self) -> list[str]:
        """Returns one text for each `shared_by` that has sections. The whole message is their concatenation."""
        groups = groupby(self._sections, key=lambda section: section[0])
        texts = ["\n\n".join(text for _, text in group) for _, group in groups]
        return [text + "\n\n" for text in texts[:-1]] + texts[-1:]


def sections_of(text: "str | Sections") -> Sections:
    return text if isinstance(text, Sections) else Sections().add("call", text)
