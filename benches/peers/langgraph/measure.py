"""The ten steps in LangGraph. Prints one line of JSON.

measure.py single memory|sqlite RUNS         runs one after another; without a checkpointer, or durable after each step
measure.py load memory|sqlite RUNS DELAY_MS  runs at once
measure.py waiting RUNS                      memory of runs that wait for their model
"""

import asyncio
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TypedDict

os.environ["LANGSMITH_TRACING"] = "false"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import aiosqlite
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph

import process
import texts

# The steps that write an artifact, and the gates: the phase behind a gate that passes, and the one that it sends back to.
PRODUCERS = {"plan": "design", "design": "review", "code": "check", "postmortem": END}
GATES = {"review": ("code", "design"), "check": ("postmortem", "code")}
WARM_UP = 5


class State(TypedDict, total=False):
    task: str
    plan: str
    design: str
    code: str
    postmortem: str
    review: list[dict]
    check: list[dict]


def outcome(phase: str, state: State, text: str) -> State:
    """Returns what a step adds to the state; a gate fails at its first attempt."""
    if phase in GATES:
        reports = state.get(phase, [])
        return {phase: [*reports, {"passed": len(reports) > 0, "report": text}]}
    return {phase: text}


def build(checkpointer, delay_ms: float | None):
    """Returns the compiled graph. `delay_ms` is the model's; None for a graph without async."""

    def step(phase: str):
        async def answered_later(state: State) -> State:
            if delay_ms:
                await asyncio.sleep(delay_ms / 1000)
            return outcome(phase, state, texts.answer())

        def answered_at_once(state: State) -> State:
            return outcome(phase, state, texts.answer())

        return answered_at_once if delay_ms is None else answered_later

    def verdict(gate: str):
        passed, failed = GATES[gate]
        return lambda state: passed if state[gate][-1]["passed"] else failed

    graph = StateGraph(State)
    # A node must not have the name of a key of the state.
    node = lambda phase: END if phase == END else f"{phase}_step"
    for phase in (*PRODUCERS, *GATES):
        graph.add_node(node(phase), step(phase))
    graph.add_edge(START, node("plan"))
    for phase, following in PRODUCERS.items():
        graph.add_edge(node(phase), node(following))
    for gate, targets in GATES.items():
        graph.add_conditional_edges(node(gate), verdict(gate), {phase: node(phase) for phase in targets})
    return graph.compile(checkpointer=checkpointer)


def options(durable: bool, run: int) -> dict:
    config = {"configurable": {"thread_id": f"run-{run}"}}
    return {"config": config, "durability": "sync"} if durable else {}


def check(state: State) -> None:
    assert state["postmortem"] and len(state["review"]) == 2 and len(state["check"]) == 2, state


def single(durable: bool, runs: int, folder: str) -> dict:
    saver = SqliteSaver(sqlite3.connect(f"{folder}/runs.db", check_same_thread=False)) if durable else None
    if saver:
        saver.setup()
    graph = build(saver, None)
    times = []
    for run in range(WARM_UP + runs):
        began, cpu = time.perf_counter(), time.process_time()
        state = graph.invoke({"task": "measure"}, **options(durable, run))
        times.append((time.perf_counter() - began, time.process_time() - cpu))
        check(state)
    times = times[WARM_UP:]
    return {
        "ms": statistics.median(wall for wall, _ in times) * 1e3,
        "cpu_ms": statistics.median(cpu for _, cpu in times) * 1e3,
    }


async def opened(durable: bool, folder: str):
    if not durable:
        return None
    saver = AsyncSqliteSaver(await aiosqlite.connect(f"{folder}/runs.db"))
    await saver.setup()
    return saver


async def load(durable: bool, runs: int, delay_ms: float, folder: str) -> dict:
    saver = await opened(durable, folder)
    graph = build(saver, delay_ms)

    async def one(run: int) -> None:
        check(await graph.ainvoke({"task": "measure"}, **options(durable, run)))

    await one(0)
    idle, stored = process.resident_bytes(), process.folder_bytes(folder)
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one(run) for run in range(1, 1 + runs)))
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    if saver:
        await saver.conn.close()
    return {
        "seconds": seconds,
        "runs_per_second": runs / seconds,
        "cpu_s": cpu,
        "idle_bytes": idle,
        "peak_bytes": process.peak_bytes(),
        "stored_bytes_a_run": (process.folder_bytes(folder) - stored) / runs,
    }


async def waiting(runs: int, folder: str) -> dict:
    saver = await opened(True, folder)
    await build(saver, 0).ainvoke({"task": "measure"}, **options(True, 0))
    idle = process.resident_bytes()
    graph = build(saver, 3_600_000)
    tasks = [asyncio.create_task(graph.ainvoke({"task": "measure"}, **options(True, run))) for run in range(1, 1 + runs)]
    # All runs wait when nothing has used the CPU for a second.
    used = None
    while used is None or time.process_time() - used > 0.02:
        used = time.process_time()
        await asyncio.sleep(1)
    above = process.resident_bytes() - idle
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await saver.conn.close()
    return {"idle_bytes": idle, "above_idle_bytes": above, "bytes_a_run": above / runs}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        match sys.argv[1:]:
            case ["single", durability, runs]:
                figures = single(durability == "sqlite", int(runs), folder)
            case ["load", durability, runs, delay_ms]:
                figures = asyncio.run(load(durability == "sqlite", int(runs), float(delay_ms), folder))
            case ["waiting", runs]:
                figures = asyncio.run(waiting(int(runs), folder))
            case _:
                sys.exit(__doc__)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
