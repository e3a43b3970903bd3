"""Decides which thread runs next. Threads take turns: one runs until it blocks, then the next that can go on.

A thread whose functions have a coroutine form is suspended where it blocks. A function without one blocks on the stack:
the scheduler then runs the other threads above it, and the function goes on when they return to the scheduler.

Threads that can run do so in the order in which they became able to. When none can, the clock advances to the first
deadline. Without a deadline all threads wait forever: the thread that noticed it unwinds to the main thread, where
RuntimeError names what each thread waits for.
"""

import contextvars
import heapq
import itertools
import time
from collections import deque

from ..system import signals
from . import loops, words

# The time after which an interpreter takes the turn from a thread that computes.
TURN_SECONDS = 0.001
TURN_ITERATIONS = 2_000
# How often a thread on the stack may block while one below it could go on.
_MAX_WAITS_ABOVE = 2_000

_monotonic, _sleep = time.monotonic, signals.sleep


class ThreadStopped(BaseException):
    """Unwinds a thread that can never go on."""


class Wait:
    """The end of one blocking operation: a wake-up, or the deadline on the monotonic clock."""

    __slots__ = ("about", "deadline", "since", "task", "woken")

    def __init__(self, timeout: float | None = None, about: str | None = None):
        # Says what is waited for, where the calling function does not.
        self.about = about
        self.since = _monotonic()
        self.deadline = None if timeout is None else self.since + timeout
        self.task = _stack[-1]
        # None while it lasts, then True after a wake-up, False after the deadline.
        self.woken: bool | None = None


class Enter:
    """Continues the thread in another context (`contextvars`). The thread is sent the context that it leaves."""

    __slots__ = ("context",)

    def __init__(self, context):
        self.context = context


class Task:
    """A thread. `steps` is its coroutine; the main thread has none."""

    __slots__ = (
        "context",
        "ident",
        "is_given_up",
        "is_lazy",
        "loops",
        "name",
        "steps",
        "suspended",
        "wait",
        "waits_above",
    )

    def __init__(self, ident: int, steps=None):
        self.ident, self.steps = ident, steps
        self.name = None
        self.context = contextvars.Context()
        self.wait: Wait | None = None
        self.suspended = steps is not None
        self.is_lazy = False
        # An earlier test ended although this thread waits forever.
        self.is_given_up = False
        self.waits_above = 0
        self.loops = loops.NONE


_stack: list[Task] = [Task(1)]
_tasks: dict[int, Task] = {1: _stack[0]}
_ready: deque[Task] = deque()
_deadlines: list = []
_order = itertools.count()
_idents = itertools.count(0x10_0000, 0x10)
_faults: list[str] = []
_polls = _iterations = 0


def adopt_main(ident: int):
    """Makes `ident` the identity of the main thread."""
    main = _stack[0]
    _tasks.pop(main.ident)
    main.ident, main.name = ident, "MainThread"
    _tasks[ident] = main


def current() -> Task:
    return _stack[-1]


def get_ident() -> int:
    return _stack[-1].ident


def is_main() -> bool:
    """Returns whether the main thread is the running one."""
    return len(_stack) == 1


def is_alone() -> bool:
    """Returns whether the main thread is the only one."""
    return len(_tasks) == 1


def start(make_steps) -> Task:
    """Starts a thread that runs `make_steps(task)`. Its turn comes when the running thread blocks."""
    task = Task(next(_idents))
    task.steps, task.suspended = make_steps(task), True
    _tasks[task.ident] = task
    _ready.append(task)
    return task


def wake(wait: Wait):
    if wait.woken is None:
        _end(wait, True)


def _end(wait: Wait, woken: bool):
    wait.woken = woken
    if wait.task.suspended and wait.task.wait is wait:
        _ready.append(wait.task)


def block(wait: Wait) -> bool:
    """Runs other threads until the wait ends. Returns True after a wake-up, False after the deadline."""
    __tracebackhide__ = True
    task = _stack[-1]
    wait.task, task.wait = task, wait
    _remember_deadline(wait)
    try:
        while wait.woken is None:
            if len(_stack) == 1 and _faults:
                raise RuntimeError(_faults[-1])
            if _ready:
                _run_next()
            elif not _pass_time() and wait.woken is None:
                _report_deadlock(task)
        if len(_stack) > 1:
            _check_below(task)
        return wait.woken
    finally:
        task.wait = None


def drive(steps):
    """Runs the coroutine form of a function to its end, on the stack."""
    __tracebackhide__ = True
    task = _stack[-1]
    reply, context = None, None
    resume = steps.send
    try:
        while True:
            command = resume(reply) if context is None else context.run(resume, reply)
            resume = steps.send
            if command.__class__ is Enter:
                reply, context = context, command.context
                continue
            try:
                reply = block(command) if command is not None else pause()
            except BaseException as e:
                reply, resume = e, steps.throw
    except StopIteration as end:
        return end.value
    finally:
        task.wait = None


def pause():
    """Lets every thread run once that can."""
    for _ in range(len(_ready)):
        if _ready:
            _run_next()
    _expire(_monotonic())


def poll():
    """Counts a question about another thread's state. Repeated without a wait between, such questions let time pass."""
    global _polls
    _polls += 1
    if _polls % 20 == 0 and len(_tasks) > 1 and len(_stack) == 1:
        pause()
        if not _ready:
            _pass_time()


def tick() -> bool:
    """Counts an iteration of a loop in a thread. Returns whether the thread's turn is over."""
    global _iterations
    _iterations += 1
    if _iterations < TURN_ITERATIONS:
        return False
    _iterations = 0
    _sleep(TURN_SECONDS)
    _expire(_monotonic())
    return True


def _run_next():
    global _polls
    _polls = 0
    task = _ready.popleft()
    task.suspended = task.is_given_up = False
    outside = loops.swap(task.loops)
    _stack.append(task)
    try:
        command = _resume(task)
    finally:
        _stack.pop()
        task.loops = loops.swap(outside)
    if command is _FINISHED:
        _tasks.pop(task.ident, None)
        return
    task.suspended, task.wait = True, command
    if command is None or command.woken is not None:
        _ready.append(task)
    else:
        command.task = task
        _remember_deadline(command)


_FINISHED = object()


def _resume(task: Task):
    """Continues the thread until it blocks or its turn ends. Returns the wait, or None for the end of the turn."""
    reply = None if task.wait is None else task.wait.woken
    task.wait = None
    try:
        while True:
            command = task.context.run(task.steps.send, reply)
            if command.__class__ is not Enter:
                return command
            reply, task.context = task.context, command.context
    except StopIteration:
        return _FINISHED
    except ThreadStopped:
        return _FINISHED


def _remember_deadline(wait: Wait):
    if wait.deadline is not None:
        heapq.heappush(_deadlines, (wait.deadline, next(_order), wait))


def _pass_time() -> bool:
    """Advances the clock to the first deadline. Returns whether there was one."""
    while _deadlines and _deadlines[0][2].woken is not None:
        heapq.heappop(_deadlines)
    if not _deadlines:
        return signals.wait_for_timer()
    first = _deadlines[0][0]
    ahead = first - _monotonic()
    if ahead > 0:
        _sleep(ahead)
    _expire(max(first, _monotonic()))
    return True


def _expire(now: float):
    while _deadlines and _deadlines[0][0] <= now:
        wait = heapq.heappop(_deadlines)[2]
        if wait.woken is None:
            _end(wait, False)


def _report_deadlock(task: Task):
    __tracebackhide__ = True
    waiting = [task for task in _tasks.values() if not task.is_given_up]
    message = words.deadlock(waiting, _stack, _waiting_below())
    if len(_stack) == 1:
        _faults.append(message)
        raise RuntimeError(message)
    stop(message)


def _waiting_below() -> list[Task]:
    """Returns the threads below the running one on the stack whose wait has ended."""
    return [task for task in _stack[:-1] if task.wait is not None and task.wait.woken is not None]


def _check_below(task: Task):
    """Stops a thread that blocks again and again although a thread below it on the stack could go on."""
    below = _waiting_below()
    task.waits_above = task.waits_above + 1 if below else 0
    if task.waits_above > _MAX_WAITS_ABOVE:
        stop(words.deadlock([task], _stack, below))


def stop(message: str):
    """Ends the running thread, and lets the main thread fail with this message."""
    _faults.append(message)
    raise ThreadStopped(message)


def take_faults() -> list[str]:
    """Returns the reasons for which a test fails although its own thread noticed nothing, and forgets them."""
    faults = list(_faults)
    _faults.clear()
    if faults:
        for task in _tasks.values():
            task.is_given_up = task.steps is not None
    return faults
