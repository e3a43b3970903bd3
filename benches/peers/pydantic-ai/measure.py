"""The ten steps with agents of pydantic-ai, in memory. Prints one line of JSON.

measure.py single RUNS   runs one after another
"""

import asyncio
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

import texts

WARM_UP = 5


async def answer(_: list[ModelMessage], __: AgentInfo) -> ModelResponse:
    return ModelResponse(parts=[TextPart(texts.answer())])


AGENTS = {
    phase: Agent(FunctionModel(answer), instructions=f"Work on the phase {phase}.")
    for phase in ("plan", "design", "review", "code", "check", "postmortem")
}


async def run() -> int:
    """Executes the ten steps; each gate fails once. Returns the number of steps."""
    artifacts: dict[str, str] = {"task": "measure"}
    steps = 0

    async def step(phase: str, reads: str) -> None:
        nonlocal steps
        steps += 1
        artifacts[phase] = (await AGENTS[phase].run(artifacts[reads])).output

    await step("plan", "task")
    for work, gate, reads in (("design", "review", "plan"), ("code", "check", "design")):
        for _attempt in range(2):
            await step(work, reads)
            await step(gate, work)
    await step("postmortem", "code")
    return steps


async def single(runs: int) -> dict:
    times = []
    for _ in range(WARM_UP + runs):
        began, cpu = time.perf_counter(), time.process_time()
        assert await run() == 10
        times.append((time.perf_counter() - began, time.process_time() - cpu))
    times = times[WARM_UP:]
    return {
        "ms": statistics.median(wall for wall, _ in times) * 1e3,
        "cpu_ms": statistics.median(cpu for _, cpu in times) * 1e3,
    }


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["single", count]:
            print(json.dumps(asyncio.run(single(int(count)))))
        case _:
            sys.exit(__doc__)
