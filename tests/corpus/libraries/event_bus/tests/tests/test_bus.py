import asyncio
import gc
import weakref

import pytest

from bus import StopEvent


def test_listeners_are_called_in_order(bus, log):
    bus.on("a", lambda: log.append(1))
    bus.on("a", lambda: log.append(2))
    bus.on("a", lambda: log.append(0), priority=5)
    bus.emit("a")
    assert log == [0, 1, 2]


def test_decorator(bus):
    @bus.on("double")
    def double(number):
        return number * 2

    assert bus.emit("double", 4) == [8]
    assert double(1) == 2


def test_stop(bus, log):
    @bus.on("a", priority=1)
    def first():
        raise StopEvent

    bus.on("a", lambda: log.append("never"))
    assert bus.emit("a") == [] == log


def test_errors_reach_the_caller(bus):
    bus.on("a", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        bus.emit("a")


def test_off(bus):
    listener = bus.on("a", print)
    bus.off("a", listener)
    with pytest.raises(LookupError, match="does not listen to 'a'"):
        bus.off("a", listener)


def test_listening(bus, log):
    with bus.listening("a", log.append):
        bus.emit("a", 1)
    bus.emit("a", 2)
    assert log == [1]


class Screen:
    def __init__(self):
        self.seen = []

    def show(self, words):
        self.seen.append(words)


def test_weak_method(bus):
    screen = Screen()
    bus.on("show", screen.show, weak=True)
    bus.emit("show", "one")
    assert screen.seen == ["one"]
    gone = weakref.ref(screen)
    del screen
    gc.collect()
    assert gone() is None
    assert bus.listeners("show") == []


def test_weak_function(bus):
    def local():
        pass

    bus.on("a", local, weak=True)
    assert bus.listeners("a") == [local]
    del local
    gc.collect()
    assert bus.listeners("a") == []


def test_coroutines(bus):
    @bus.on("a")
    async def slow(number):
        await asyncio.sleep(0.001)
        return number

    bus.on("a", lambda number: -number)
    assert asyncio.run(bus.emit_async("a", 3)) == [3, -3]


def test_events_in_events(bus, log):
    bus.on("outer", lambda: log.extend(bus.emit("inner")))
    bus.on("inner", lambda: "inner")
    bus.emit("outer")
    assert log == ["inner"]


async def produce(bus, count):
    queue = asyncio.Queue(maxsize=2)
    bus.on("item", queue.put)
    seen = []

    async def consume():
        while (item := await queue.get()) is not None:
            seen.append(item)

    consumer = asyncio.create_task(consume())
    for item in range(count):
        await bus.emit_async("item", item)
    await bus.emit_async("item", None)
    await asyncio.wait_for(consumer, timeout=5)
    return seen


@pytest.mark.parametrize("count", [0, 1, 50])
def test_queue_with_back_pressure(bus, count):
    assert asyncio.run(produce(bus, count)) == list(range(count))
