"""The component's exports. Converts the contract's records and calls `_phasegate_runner`.

A path outside the project is the error `invalid`. Any other failure is the error `other`, never a passed test.
"""

from _phasegate_runner import preload, standard_sources, zones

preload.import_all()
standard_sources.keep()
zones.install()

from componentize_py_types import Err  # noqa: E402
from wit_world import exports  # noqa: E402
from wit_world.exports import runner_probe  # noqa: E402
from wit_world.imports import types  # noqa: E402

from _phasegate_runner import bridge, environment, names, probe  # noqa: E402
from _phasegate_runner.sources import BadPath, Sources  # noqa: E402
from _phasegate_runner.threads.install import prepare as prepare_threads  # noqa: E402
from _phasegate_runner.trees import Trees  # noqa: E402


class Runner(exports.Runner):
    def environment(self):
        return environment.describe()

    def collect(self, code, tests):
        try:
            trees = Trees(_sources(code, tests))
        except BadPath as e:
            raise Err([f"{e}"]) from None
        errors = trees.errors()
        if errors:
            raise Err(errors)
        return names.collect(trees)

    def run_tests(self, code, tests, path):
        try:
            sources = _sources(code, tests)
        except BadPath as e:
            raise Err(types.BenchError_Invalid(str(e))) from None
        path = path.removeprefix("./")
        if path not in sources.tests or not path.endswith(".py"):
            raise Err(types.BenchError_Invalid(f"`{path}` is not one of the Python test files"))
        run = bridge.run(sources, path)
        cases = [types.TestCase(c.name, types.Outcome[c.outcome.upper()], c.message, c.output) for c in run.tests]
        return types.TestRun(run.build_errors, cases)


def _sources(code, tests) -> Sources:
    return Sources([(f.path, f.content) for f in code], [(f.path, f.content) for f in tests])


class RunnerProbe(exports.RunnerProbe):
    def probe(self, tests, path, passed, seed):
        source = next((f.content for f in tests if f.path.removeprefix("./") == path.removeprefix("./")), None)
        changed = None if source is None else probe.make(path, source, passed, seed)
        return changed and runner_probe.ChangedFile(changed.test, changed.content)


prepare_threads()
bridge.prepare()
preload.freeze_snapshot()
