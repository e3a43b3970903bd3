"""The parts of a conversation about one question: answers, messages, and the texts of follow-up questions."""

from dataclasses import dataclass, field

from .prompt import fenced
from .tools import Allowance
from .types import Content, Message, ModelError, Opaque, Response, Text

MAX_CONTINUATIONS = 3
# How many times as long as the first answer the second one may be.
MORE_ROOM = 4
CONTINUE_PROMPT = (
    "Your answer was cut off by its length. Continue exactly where it stopped: no repetition, no introduction, no new "
    "fence, only the characters that follow."
)


@dataclass
class Answer:
    """An answer, or several joined ones."""

    blocks: list[Content]
    """Blocks of the provider, such as reasoning."""
    text: str

    @classmethod
    def of(cls, response: Response) -> "Answer":
        blocks: list[Content] = [part for part in response.content if isinstance(part, Opaque)]
        return cls(blocks, "".join(part.text for part in response.content if isinstance(part, Text)))


@dataclass
class Conversation:
    """The messages so far, and what is left of the limits of tool calls."""

    messages: list[Message]
    allowance: Allowance = field(default_factory=Allowance)

    def continued(self, answer: Answer, request: str) -> list[Message]:
        """Returns the messages, an answer to them with its blocks unchanged before the text, and a further request."""
        answered = Message("assistant", [*answer.blocks, Text(answer.text)])
        return [*self.messages, answered, Message("user", [Text(request)])]


def is_cut(response: Response) -> bool:
    return response.stop == "max-tokens"


def is_round(tokens: int) -> bool:
    """Returns whether a number of tokens is one that makers of models choose as a limit."""
    return tokens % 256 == 0 or tokens % 500 == 0


def with_limit(messages: list[Message], limit: int) -> list[Message]:
    """Adds the limit to the question, for a model that cannot write more."""
    text = (
        f"Your first answer was cut off at {limit} tokens, and you cannot write more than that. Give the whole answer "
        "within that limit: shorten descriptions, and leave nothing out that is required."
    )
    *before, last = messages
    return [*before, Message(last.role, [*last.content, Text(text)])]


def repair_prompt(faults: list[str], schema: str | None) -> str:
    # Faults repeat words of the answer, so they are fenced as data.
    listed = fenced("Faults", "".join(f"- {fault}\n" for fault in faults))
    form = f"The answer must satisfy this JSON Schema:\n\n{schema}\n\n" if schema is not None else ""
    return (
        f"This answer cannot be used.\n\n{listed}\n{form}Fix exactly these faults and keep everything else. Answer "
        "with the whole corrected JSON and nothing around it."
    )


def describe(error: ModelError) -> str:
    reasons = {
        "denied": "the host does not allow this model call: ",
        "budget": "the budget is exhausted: ",
        "invalid": "the request cannot be answered: ",
        "too_long": "the request is too long for the model: ",
        "unavailable": "the model cannot be reached: ",
    }
    return reasons.get(error.kind, "") + error.why
