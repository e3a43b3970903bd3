"""A session of pytest that is started when the component is built, and continued by a call.

Parsing pytest's options and registering its plugins and fixtures takes several times as long as a small test file. None of it
depends on the files of a call, so the component's snapshot holds a session after its start. A session runs once.

Differences from `pytest.main`: plugins and conftest files are registered after the session has started. Their own
`pytest_sessionstart` hooks and options still count.
"""

import io
import logging
import os
from pathlib import Path

import _pytest.config
import _pytest.main
import pytest
from _pytest._code import ExceptionInfo
from _pytest.logging import get_log_level_for_setting

_ARGUMENTS = [
    "--noconftest",
    "--disable-plugin-autoload",
    "--capture=sys",
    "--basetemp=/tmp/pytest",
    "--tb=short",
    "--color=no",
    "--assert=rewrite",
]
# `unraisableexception` collects garbage ten times per run, which takes longer than the tests.
_UNWANTED = """cacheprovider faulthandler doctest junitxml pastebin stepwise setuponly setupplan unraisableexception
    threadexception"""


class PreparedSession:
    def __init__(self, root: str, plugins):
        """Starts a session for the root folder of the project, which need not exist yet."""
        # What is wrong with the project's settings or options, after `run` returned USAGE_ERROR.
        self.usage_error = ""
        arguments = [f"--rootdir={root}", *_ARGUMENTS, *(f"-pno:{name}" for name in _UNWANTED.split())]
        root_path, find_settings, find_folder = Path(root), _pytest.config.determine_setup, Path.cwd
        _pytest.config.determine_setup = lambda **_: (root_path, None, {}, [])
        Path.cwd = classmethod(lambda cls: root_path)
        try:
            self.config = _pytest.config._prepareconfig(arguments, plugins, prog="pytest")
            self.session = _pytest.main.Session.from_config(self.config)
        finally:
            _pytest.config.determine_setup, Path.cwd = find_settings, find_folder
        # pytest writes the log to /dev/null, which does not exist while the component is built.
        open_log = logging.FileHandler._open
        logging.FileHandler._open = lambda self: io.StringIO()
        try:
            self.config._do_configure()
        finally:
            logging.FileHandler._open = open_log
        # All hooks apply to all files, because the bridge registers only the conftest files of the one test file.
        self.session.gethookproxy = lambda _: self.config.hook
        manager = self.config.pluginmanager
        manager.unregister(manager.get_plugin("terminalreporter"))
        self.config.hook.pytest_sessionstart(session=self.session)

    def run(self, settings: dict, markers: list[str], plugins) -> pytest.ExitCode:
        """Registers more plugins and runs the session. `settings` are values of pytest's configuration file."""
        config, session = self.config, self.session
        manager = config.pluginmanager
        os.environ["PYTEST_VERSION"] = pytest.__version__
        config._inicfg = settings
        for name in settings:
            config._inicache.pop(name, None)
        for marker in markers:
            config.addinivalue_line("markers", marker)
        known = manager.get_plugins()
        session.exitstatus = pytest.ExitCode.OK
        try:
            # Both were read when the session was prepared.
            session._fixturemanager._node_autousenames[session] = list(config.getini("usefixtures"))
            manager.get_plugin("logging-plugin").log_level = get_log_level_for_setting(config, "log_level")
            for plugin in plugins:
                manager.register(plugin)
            self._set_new_options()
            manager.subset_hook_caller("pytest_sessionstart", known)(session=session)
            session.exitstatus = _pytest.main._main(config, session) or pytest.ExitCode.OK
        except pytest.UsageError as error:
            self.usage_error = str(error)
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        except _pytest.main.Session.Failed:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        except (KeyboardInterrupt, pytest.exit.Exception):
            session.exitstatus = pytest.ExitCode.INTERRUPTED
            config.hook.pytest_keyboard_interrupt(excinfo=ExceptionInfo.from_current())
        except BaseException:
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
            config.notify_exception(ExceptionInfo.from_current(), config.option)
        finally:
            os.chdir(session.startpath)
            config.hook.pytest_sessionfinish(session=session, exitstatus=session.exitstatus)
            config._ensure_unconfigure()
        return session.exitstatus

    def _set_new_options(self):
        """Gives the options that conftest files have added their default values."""
        parsed, _ = self.config._parser.parse_known_and_unknown_args([])
        for name, value in vars(parsed).items():
            if not hasattr(self.config.option, name):
                setattr(self.config.option, name, value)
