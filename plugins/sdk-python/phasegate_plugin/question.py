"""One question to a model, with another call where the answer is cut off or unusable.

The value of `Question.json` is found wherever it stands in the answer. A cut answer is asked for once more with four
times the room, or within the model's own limit; an answer that is not JSON, does not fit its schema or fails the
caller's check gets one repair question with the exact faults and the schema. A truncated text is continued up to
three times. Follow-up questions repeat the model's reasoning as the host returned it. With tools, the model may call
them before each of its answers.

A refusal, a denied call, a full context window or a second unusable answer is a `Failure`.
"""

from collections.abc import Callable, Generator
from typing import Any

from . import host
from .answer import join_continuation
from .conversation import (
    CONTINUE_PROMPT,
    MAX_CONTINUATIONS,
    MORE_ROOM,
    Answer,
    Conversation,
    describe,
    is_cut,
    is_round,
    repair_prompt,
    with_limit,
)
from .fit import Shape, Unfit, choose
from .schema import for_models
from .sections import Sections, sections_of
from .texts import trim
from .tools import Toolbox
from .types import Failure, Message, ModelError, Request, Response, Text, Tool

CheckFunction = Callable[[Any], list[str] | None]
# A conversation that yields requests, gets responses or errors, and returns its result.
Steps = Generator[Request, Response | ModelError | None, Any]


class Question:
    """A question to a model.

    `label` is the purpose of the call, shown to people and used in reports. Follow-up calls append `/longer`,
    `/repair` or `/continue`, and calls that return the results of tools `/tools`. `tier` is `fast`, `default` or
    `deep`. `max_output_tokens` is the limit of the first answer.

    Models write the members of an answer in the order of the schema. Bounds above 100 of items and characters are
    left out of it, because servers cannot compile them: let the check hold them.
    """

    def __init__(
        self,
        label: str,
        system: str,
        user: str | Sections,
        *,
        tier: str = "default",
        schema: str | dict | None = None,
        max_output_tokens: int = 16_000,
        tools: Toolbox | None = None,
    ):
        self.label = label
        self.system = system
        self.user = sections_of(user)
        self.tier = tier
        self.schema = None if schema is None else for_models(schema)
        self.max_output_tokens = max_output_tokens
        self.tools = tools

    def text(self) -> str:
        """Asks, and returns the answer as text. Makes up to four calls if the answer is truncated."""
        return ask_alone(self.text_steps())

    def json(self, check: CheckFunction | None = None) -> Any:
        """Asks, and returns the answer as JSON: an object, or a list if the schema asks for one.

        The value has at least one of the schema's `properties`, and all of `required`. `check` gets it and returns
        every fault, worded so that a model can correct it. If the answer contains several values, exactly one
        distinct value must fit.
        """
        return ask_alone(self.json_steps(check))

    def text_steps(self) -> Steps:
        limit = self.max_output_tokens
        talk = self._start()
        last = yield from self._ask(self.label, talk, limit, None)
        answer = Answer.of(last)
        for _ in range(MAX_CONTINUATIONS):
            if not is_cut(last):
                return answer.text
            limit = self._limit_of_model(last, limit)
            if not trim(answer.text):
                raise Failure(f"`{self.label}`: the model used {limit} tokens without an answer")
            messages = talk.continued(answer, CONTINUE_PROMPT)
            last = yield from self._send(f"{self.label}/continue", messages, limit, False)
            more = Answer.of(last)
            answer = Answer(answer.blocks + more.blocks, join_continuation(answer.text, more.text))
        if is_cut(last):
            raise Failure(f"`{self.label}`: the answer exceeds {MAX_CONTINUATIONS + 1} times {limit} tokens")
        return answer.text

    def json_steps(self, check: CheckFunction | None = None) -> Steps:
        shape = Shape.of(self.schema)
        talk = self._start()
        value, faults, answer = yield from self._ask_whole(self.label, talk, shape, check)
        if not faults:
            return value
        host.log(f"{self.label}: asking again: {'; '.join(faults)}")
        talk.messages = talk.continued(answer, repair_prompt(faults, self.schema))
        value, faults, _ = yield from self._ask_whole(f"{self.label}/repair", talk, shape, check)
        if faults:
            raise Failure(
                f"the model's answer to `{self.label}` is unusable, also after one repair: {'; '.join(faults)}"
            )
        return value

    def _ask_whole(self, label: str, talk: Conversation, shape: Shape, check: CheckFunction | None) -> Steps:
        """Asks, and asks once more with more room if the answer is cut off before it is complete. Returns the value,
        or its faults, and the answer.
        """
        limit = self.max_output_tokens
        response = yield from self._ask(label, talk, limit, None)
        value, faults = parse(response, shape, check)
        if faults and is_cut(response):
            of_model = self._limit_of_model(response, limit)
            own_limit = of_model if of_model < limit else None
            limit = own_limit or limit * MORE_ROOM
            host.log(f"{label}: the answer was cut off; asking again for up to {limit} tokens")
            response = yield from self._ask(f"{label}/longer", talk, limit, own_limit)
            value, faults = parse(response, shape, check)
        if faults and is_cut(response):
            limit = self._limit_of_model(response, limit)
            raise Failure(f"`{label}`: the answer exceeds {limit} tokens")
        return value, faults, Answer.of(response)

    def _ask(self, label: str, talk: Conversation, limit: int, own_limit: int | None) -> Steps:
        """Asks, and answers the model's tool calls until it gives an answer. The calls and their results join the
        conversation. A model with a limit of its own is told that limit.
        """
        label_of_results = f"{label}/tools"
        while True:
            messages = with_limit(talk.messages, own_limit) if own_limit else list(talk.messages)
            may_call = talk.allowance.is_left()
            response = yield from self._send(label, messages, limit, may_call)
            turns = talk.allowance.answer(self.tools, response) if self.tools and may_call else []
            if not turns:
                return response
            talk.messages += turns
            label = label_of_results

    def _limit_of_model(self, response: Response, limit: int) -> int:
        """Returns the limit that cut an answer off: the one that was asked for, or the model's own lower one. Fails
        if the context window is full: neither more room nor a continuation would help.

        The limits of models are round numbers; what a prompt leaves of a window is not.
        """
        used = response.usage.output_tokens
        if used == 0 or used >= limit:
            return limit
        if is_round(used):
            return used
        if used >= limit // 2:
            return limit
        raise Failure(
            f"`{self.label}`: the model {response.model} stopped after {used} of {limit} tokens: its context window is "
            "full, or its own limit for an answer is lower; use a model with a larger window, or give it less context"
        )

    def _start(self) -> Conversation:
        user = Message("user", [Text(text) for text in self.user.texts()])
        return Conversation([Message("system", [Text(self.system)]), user])

    def _send(self, label: str, messages: list[Message], limit: int, may_call: bool) -> Steps:
        tools: list[Tool] = self.tools.tools() if self.tools else []
        choice = "auto" if may_call and tools else "none"
        outcome = yield Request(label, self.tier, messages, tools, choice, self.schema, limit, None)
        assert outcome is not None
        if isinstance(outcome, ModelError):
            raise Failure(f"`{label}`: {describe(outcome)}")
        if outcome.stop == "refusal":
            raise Failure(f"`{label}`: the model {outcome.model} refused: {Answer.of(outcome).text}")
        return outcome


def ask_all(questions: list[Question], check: CheckFunction | None = None, *, method: str = "json") -> list[Any]:
    """Asks several questions at once: the host sends their requests concurrently, follow-up questions too.

    Returns the results in the order of the questions. `check` is that of `Question.json`; with method `text`, the
    results are texts. If questions fail, the others are asked to their end, and the first `Failure` is raised.
    """
    talks = [question.text_steps() if method == "text" else question.json_steps(check) for question in questions]
    results: dict[int, Any] = {}
    outcomes: dict[int, Response | ModelError | None] = dict.fromkeys(range(len(talks)))
    while outcomes:
        requests: dict[int, Request] = {}
        for at, outcome in outcomes.items():
            try:
                requests[at] = talks[at].send(outcome)
            except StopIteration as stop:
                results[at] = stop.value
            except Failure as failure:
                results[at] = failure
        answers = host.current().complete_all(list(requests.values())) if requests else []
        outcomes = dict(zip(requests, answers))
    ordered = [results[at] for at in range(len(talks))]
    for result in ordered:
        if isinstance(result, Failure):
            raise result
    return ordered


def ask_alone(steps: Steps) -> Any:
    outcome: Response | ModelError | None = None
    while True:
        try:
            request = steps.send(outcome)
        except StopIteration as stop:
            return stop.value
        try:
            outcome = host.current().complete(request)
        except ModelError as error:
            outcome = error


def parse(response: Response, shape: Shape, check: CheckFunction | None) -> tuple[Any, list[str]]:
    """Returns the value of an answer, or its faults."""
    try:
        return choose(Answer.of(response).text, shape, check), []
    except Unfit as unfit:
        return None, unfit.faults
