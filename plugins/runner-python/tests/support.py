"""Runs the runner with an ordinary Python: collection in this process, whole test runs in a process of their own."""

import json
import os
import subprocess
import sys

SOURCE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src")
sys.path.insert(0, SOURCE)

from _phasegate_runner import names  # noqa: E402
from _phasegate_runner.sources import Sources  # noqa: E402
from _phasegate_runner.trees import Trees  # noqa: E402

_RUN = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from _phasegate_runner import preload, standard_sources
preload.import_all()
standard_sources.keep()
from _phasegate_runner import bridge
from _phasegate_runner.sources import Sources
given, out = json.load(sys.stdin), sys.stdout
if given["threads"]:
    from _phasegate_runner.threads import install
    install.prepare()
os.chdir("/")
run = bridge.run(Sources(given["code"], given["tests"]), given["path"])
result = {"build": run.build_errors, "tests": [[c.name, c.outcome, c.message, c.output] for c in run.tests]}
out.write("\\n@@" + json.dumps(result))
out.flush()
"""


def errors(code, tests=()):
    return Trees(_sources(code, tests)).errors()


def collected(tests, code=()):
    trees = Trees(_sources(code, tests))
    assert trees.errors() == [], trees.errors()
    return names.collect(trees)


def run(tests, code=(), path=None, threads=False):
    """Runs a test file. `threads` makes the coroutine forms of the standard library, as a build does; that takes time."""
    tests = dict(tests)
    path = path or next(iter(tests))
    given = {"code": list(dict(code).items()), "tests": list(tests.items()), "path": path, "threads": threads}
    done = subprocess.run([sys.executable, "-c", _RUN, SOURCE], input=json.dumps(given), capture_output=True, text=True)
    if "\n@@" not in done.stdout:
        raise AssertionError(done.stderr)
    printed, _, result = done.stdout.rpartition("\n@@")
    return Run(json.loads(result), printed)


class Run:
    def __init__(self, result, printed):
        start = "phasegate-progress "
        self.progress = [line.removeprefix(start) for line in printed.split("\n") if line.startswith(start)]
        self.build_errors = result["build"]
        self.names = {name: outcome for name, outcome, _, _ in result["tests"]}
        self.outcomes = {name.partition("::")[2]: outcome for name, outcome, _, _ in result["tests"]}
        self.messages = {name.partition("::")[2]: message for name, _, message, _ in result["tests"]}
        self.outputs = {name.partition("::")[2]: output for name, _, _, output in result["tests"]}


def _sources(code, tests):
    return Sources(list(dict(code).items()), list(dict(tests).items()))
