"""Changes to existing files as models give them: texts to find and replace, or a unified diff, instead of the whole
file.

A text is matched exactly first; then without regard to white space at the ends of lines; then with an indentation
that differs by the same amount in every line. It must occur exactly once. Line endings and the byte order mark of a
file stay as they were. Faults name the nearest lines, so that a model can correct its answer.
"""

from . import hunks, replace
from .change import Edit, EditFaults, Misfit
from .lines import TextLines


def apply_edits(base: str, edits: list[Edit | dict]) -> str:
    """Applies the edits in their order, each to the result of those before. Raises `EditFaults` for all that do not
    fit.

    An edit may be a dictionary with `find` and `replace`, as models answer it.
    """
    text = TextLines.parse(base)
    faults = []
    for number, edit in enumerate(edits, 1):
        edit = edit if isinstance(edit, Edit) else Edit(edit["find"], edit["replace"])
        try:
            replace.apply(text, edit)
        except Misfit as misfit:
            faults.append(f"edit {number}: {misfit}")
    if faults:
        raise EditFaults(faults)
    return text.render()


def apply_diff(base: str, diff: str) -> str:
    """Applies a unified diff of one file. Line numbers of hunks decide only between several places that fit. Raises
    `EditFaults`.
    """
    text = TextLines.parse(base)
    hunks.apply(text, diff)
    return text.render()


def keep_form(base: str, text: str) -> str:
    """Returns the whole text of a changed file with the line endings and the byte order mark of the file as it was."""
    return TextLines.parse(base).with_text(text).render()
