"""Gives pytest its settings: those of the runner and those that count of the project's."""

import pytest
from _pytest.config import parse_warning_filter
from _pytest.config.findpaths import ConfigValue

from .imports import available
from .sources import Sources


def ini_values(sources: Sources) -> dict[str, ConfigValue]:
    """Returns the settings that pytest would have read from a file."""
    settings = sources.settings
    values = {
        "verbosity_assertions": "1",
        "truncation_limit_lines": "60",
        "truncation_limit_chars": "4000",
        "python_classes": settings.python_classes,
        "python_functions": settings.python_functions,
        "strict_xfail": str(settings.xfail_strict),
        "usefixtures": settings.usefixtures,
        "log_level": settings.log_level,
    }
    return {name: ConfigValue(value, origin="file", mode="ini") for name, value in values.items()}


def add_warning_filters(config, sources: Sources, roots: list[str]):
    """Adds the project's filters. pytest imports their categories, so that this must not be done before the guard watches."""
    for line in sources.settings.filterwarnings:
        if _can_apply(line, sources, roots):
            config.addinivalue_line("filterwarnings", line)


def _can_apply(line: str, sources: Sources, roots: list[str]) -> bool:
    """Returns whether the filter is valid and its category can be imported: it may be of a package that is not here."""
    category = (line.split(":") + ["", ""])[2].strip()
    if "." in category:
        top = category.partition(".")[0]
        return available(top) or sources.look_up(top, roots) is not None
    try:
        parse_warning_filter(line, escape=False)
    except pytest.UsageError:
        return False
    return True
