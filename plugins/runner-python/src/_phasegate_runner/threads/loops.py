"""Keeps the running event loop of asyncio per thread: the interpreter stores one for its only thread."""

from asyncio import events, tasks

NONE = (None, None)

# Python before 3.12 finds the current task by its loop, so nothing needs to be exchanged.
_swap_task = getattr(tasks, "_swap_current_task", lambda loop, task: None)


def swap(state: tuple) -> tuple:
    """Makes `state` the running loop and its current task. Returns those before."""
    before = NONE
    loop = events._get_running_loop()
    if loop is not None:
        before = (loop, _swap_task(loop, None))
        events._set_running_loop(None)
    if state[0] is not None:
        events._set_running_loop(state[0])
        if state[1] is not None:
            _swap_task(*state)
    return before
