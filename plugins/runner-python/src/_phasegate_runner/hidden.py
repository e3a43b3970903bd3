"""Runs tests of random names that must fail, at a random place among the tests of a file and after the last one.

If one of them does not fail, something in the interpreter makes failing tests pass. They have no fixtures, are no members
of the module and are not reported, so that the suite's own fixtures and hooks notice as little as possible.
"""

import os
import random

import pytest
from _pytest.fixtures import FuncFixtureInfo
from _pytest.runner import runtestprotocol


class HiddenTest(pytest.Function):
    def repr_failure(self, excinfo):
        return "failed as it must"


class HiddenTests:
    """A pytest plugin. `send` is the guard's."""

    def __init__(self, reports):
        self.reports = reports
        self.send = lambda *_: None
        self._choose = random.Random(os.urandom(8)).randrange
        # How many tests start before the first hidden one. None: it has run.
        self._wait: int | None = 0

    def pytest_collection_finish(self, session):
        self._wait = self._choose(len(session.items)) if session.items else None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem):
        if self._wait == 0:
            # Where it was skipped like the tests around it, it is run again before the next test.
            self._wait = None if self._run(item.parent, item) else 0
        elif self._wait is not None:
            self._wait -= 1
        result = yield
        if nextitem is None:
            self.reports.ended()
            self._run(item.getparent(pytest.Module), None)
        return result

    def _run(self, parent, nextitem) -> bool:
        """Runs a hidden test. Returns whether it got as far as its call."""
        made: list = []
        self.send("hidden", made)
        stages = []
        for function in made:
            no_fixtures = FuncFixtureInfo((), (), [], {})
            test = HiddenTest.from_parent(parent, name=function.__name__, callobj=function, fixtureinfo=no_fixtures)
            for report in runtestprotocol(test, log=False, nextitem=nextitem):
                stages.append(report.when)
                self.reports.send("report", report.nodeid, report.when, report.outcome, None, "")
        return "call" in stages
