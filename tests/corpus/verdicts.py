"""A pytest plugin that writes the verdict of each test as JSON into the file that `CORPUS_VERDICTS` names.

A verdict is `passed`, `failed`, `errored`, `skipped` or `xfailed`, by the test's name. A file that cannot be imported has errored
under its path. The worst of a test's reports counts. `native.py` loads the plugin with `-p verdicts`.
"""

import json
import os

import pytest

_BY_WEIGHT = ("passed", "xfailed", "skipped", "failed", "errored")


class _Verdicts:
    def __init__(self):
        self.by_test = {}

    def add(self, test, verdict):
        known = self.by_test.get(test, "passed")
        self.by_test[test] = max(known, verdict, key=_BY_WEIGHT.index)

    def pytest_collectreport(self, report):
        if report.outcome != "passed":
            self.add(report.nodeid, "errored" if report.failed else "skipped")

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            self.add(report.nodeid, _verdict(report))

    def pytest_sessionfinish(self):
        with open(os.environ["CORPUS_VERDICTS"], "w", encoding="utf-8") as file:
            json.dump(self.by_test, file)


def _verdict(report):
    if report.failed:
        return "failed" if report.when == "call" else "errored"
    if report.skipped:
        return "xfailed" if hasattr(report, "wasxfail") else "skipped"
    return "passed"


@pytest.hookimpl
def pytest_configure(config):
    config.pluginmanager.register(_Verdicts(), "corpus verdicts")
