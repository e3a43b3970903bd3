"""An agent's assignment and access to its inputs. A `Failure` names the input and says what is wrong with it."""

from typing import Any, TypeVar

from . import feedback, host
from .artifacts import ProcessNotes, TaskRequirements
from .json_text import JsonFault, indented, load
from .records import read, to_json
from .texts import trim
from .types import Artifact, ArtifactError, Assignment, Failure

T = TypeVar("T")


class Work:
    """The assignment of one attempt. `assignment` has all its data."""

    def __init__(self, assignment: Assignment):
        self.assignment = assignment

    def task(self) -> TaskRequirements:
        """Reads the input `task_requirements`."""
        return self.record("task_requirements", TaskRequirements)

    def text(self, name: str) -> str:
        """Reads an input as UTF-8 text."""
        try:
            return self.content(name).decode()
        except UnicodeDecodeError:
            raise Failure.bad_input(name, "it is not UTF-8 text") from None

    def json(self, name: str) -> Any:
        """Reads an input and parses its JSON."""
        try:
            return load(self.text(name))
        except JsonFault as fault:
            raise Failure.bad_input(name, str(fault)) from None

    def record(self, name: str, kind: type[T]) -> T:
        """Reads an input as a dataclass, for example `work.record("project_plan", ProjectPlan)`."""
        value = self.json(name)
        try:
            return read(kind, value)
        except ValueError as fault:
            raise Failure.bad_input(name, str(fault)) from None

    def content(self, name: str) -> bytes:
        try:
            return host.current().read(name)
        except ArtifactError as error:
            raise Failure.bad_input(name, describe(error)) from None

    def has(self, name: str) -> bool:
        """Returns whether an input or a previous artifact has this name."""
        assignment = self.assignment
        return any(known.name == name for known in [*assignment.inputs, *assignment.previous])

    def optional_text(self, name: str) -> str | None:
        """Reads an input that may be absent from the pipeline."""
        return self.text(name) if self.has(name) else None

    def optional_json(self, name: str) -> Any:
        """Reads an input that may be absent from the pipeline."""
        return self.json(name) if self.has(name) else None

    def optional_record(self, name: str, kind: type[T]) -> T | None:
        """Reads an input that may be absent from the pipeline."""
        return self.record(name, kind) if self.has(name) else None

    def previous_text(self, name: str) -> str | None:
        """Reads this phase's artifact of the previous attempt, if there is one."""
        known = self._previous(name)
        return None if known is None else self.text(known)

    def previous_json(self, name: str) -> Any:
        """Reads this phase's artifact of the previous attempt, if there is one."""
        known = self._previous(name)
        return None if known is None else self.json(known)

    def _previous(self, name: str) -> str | None:
        names = (name, f"previous/{name}")
        return next((earlier.name for earlier in self.assignment.previous if earlier.name in names), None)

    def context_files(self) -> list[tuple[str, str]]:
        """Reads the task's context files: path and text, in the order of the assignment."""
        names = [known.name for known in self.assignment.inputs if known.name.startswith("context/")]
        return [(name.removeprefix("context/"), self.text(name)) for name in names]

    def process_notes(self) -> ProcessNotes:
        """Reads people's decisions about earlier improvement proposals. Empty if the phase does not read
        `process_notes`.
        """
        return self.optional_record("process_notes", ProcessNotes) or ProcessNotes()

    def feedback_text(self) -> str:
        """Renders all feedback for a prompt: source, instructions and issues of each item. Empty if there is none."""
        return feedback.render(self.assignment.feedback)

    @property
    def environment(self) -> dict[str, Any]:
        """What code can rely on: languages, versions, importable modules, test frameworks."""
        try:
            value = load(self.assignment.environment)
        except JsonFault:
            return {}
        return value if isinstance(value, dict) else {}

    def environment_text(self) -> str:
        """Renders the environment for a prompt."""
        environment = self.environment
        if environment:
            return indented(environment)
        return "Unknown: rely only on the language and its standard library."

    @property
    def settings(self) -> dict[str, Any]:
        """The plugin's settings from the pipeline."""
        try:
            return load(self.assignment.settings) if trim(self.assignment.settings) else {}
        except JsonFault as fault:
            raise Failure(f"the plugin's settings in the pipeline are invalid: {fault}") from None

    def settings_as(self, kind: type[T]) -> T:
        """Returns the settings as a dataclass. Give optional settings a default."""
        try:
            return read(kind, self.settings)
        except ValueError as fault:
            raise Failure(f"the plugin's settings in the pipeline are invalid: {fault}") from None

    def expected_schema(self, name: str) -> str | None:
        """Returns the JSON Schema of the expected artifact of this name."""
        return next((known.schema for known in self.assignment.expected if known.name == name), None)


def artifact(name: str, value: Any) -> Artifact:
    """Writes a value as an artifact to submit: indented JSON with a final line break. Dataclasses are possible."""
    return Artifact(name, (indented(to_json(value)) + "\n").encode())


def describe(error: ArtifactError) -> str:
    if error.kind == "unknown":
        return "it is not an input of this phase; add it to `reads` in the pipeline"
    return f"it is too large: {error.why}" if error.kind == "too_large" else error.why
