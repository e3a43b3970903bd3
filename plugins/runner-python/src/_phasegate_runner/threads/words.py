"""Says what each thread waits for: the operation, and the line of a supplied file that called it."""

import sys

from ..project import relative
from .files import is_supplied

_OWN_FOLDER = (lambda: None).__code__.co_filename.rpartition("/")[0]


def deadlock(tasks, stack, below) -> str:
    """Describes a deadlock. `below` are the threads that could go on, but lie below the running one on the stack."""
    places = _places(tasks, stack)
    told = [f"{_name(task)} {places[task]}" for task in tasks if task in places and task not in below]
    if below:
        names = ", ".join(_name(task) for task in below)
        return (
            f"deadlock: {'; '.join(told)}. {names} could go on, but only after {_name(stack[-1])}: the test sandbox "
            "has no real threads, and this one waits inside a call that cannot be suspended (a property, an operator or "
            "a callback of a built-in function)"
        )
    if len(told) == 1:
        return f"deadlock: {told[0]}, and no other thread can end this wait"
    return f"deadlock: every thread waits and none can wake another: {'; '.join(told)}"


def _name(task) -> str:
    return task.name() if callable(task.name) else task.name or f"thread {task.ident}"


def _places(tasks, stack) -> dict:
    found = [(task, _suspended_frames(task.steps)) for task in tasks if task.suspended]
    found += zip(reversed(stack), _frames_on_stack())
    return {task: task.wait.about or f"waits {_place(frames)}" for task, frames in found if task.wait is not None}


def _suspended_frames(steps) -> list:
    """Returns the frames of a suspended coroutine, innermost first."""
    frames = []
    while steps is not None:
        frame = getattr(steps, "gi_frame", None)
        if frame is not None:
            frames.append(frame)
        steps = getattr(steps, "gi_yieldfrom", None)
    return frames[::-1]


def _frames_on_stack():
    """Yields the frames of each thread on the stack, the running thread first, innermost frames first."""
    frames, frame = [], sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "_run_next" and frame.f_code.co_filename.startswith(_OWN_FOLDER):
            yield frames
            frames = []
        else:
            frames.append(frame)
        frame = frame.f_back
    yield frames


def _place(frames) -> str:
    operation = ""
    for frame in frames:
        code = frame.f_code
        if is_supplied(code.co_filename):
            line = f"{relative(code.co_filename)}:{frame.f_lineno}"
            return f"in {operation} ({line})" if operation else f"at {line}"
        if not code.co_filename.startswith(_OWN_FOLDER) or code.co_qualname.startswith(_NAMED):
            operation = code.co_qualname.removesuffix("_steps")
    return f"in {operation}" if operation else "for another thread"


# Operations of this package that supplied code calls directly.
_NAMED = ("Lock.", "RLock.", "Handle.", "sleep")
