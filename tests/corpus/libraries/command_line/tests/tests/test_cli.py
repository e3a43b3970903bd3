import json
import runpy
import sys

import pytest


def test_add_and_list(run):
    assert run("add", "buy", "milk").out == "Added task 1.\n"
    assert run("add", "--priority", "1", "pay").out == "Added task 2.\n"
    assert run("list").out == "[ ]   2 !!! pay\n[ ]   1 !!  buy milk\n"


def test_done(run):
    run("add", "a")
    assert run("done", "1").code == 0
    assert run("list").out.startswith("[x]")


def test_unknown_task(run):
    result = run("done", "7")
    assert (result.code, result.err) == (2, "taskbook: no task 7\n")


def test_empty_list(run):
    assert run("list").code == 1


def test_json(run):
    run("add", "naïve ☃")
    assert json.loads(run("list", "--json").out) == [
        {"number": 1, "words": "naïve ☃", "priority": 2, "done": False}
    ]


def test_words_from_standard_input(run):
    run("add", "-", stdin="from a pipe\n")
    assert "from a pipe" in run("list").out


def test_verbose_names_the_file(run):
    assert run("-v", "add", "x").err.endswith("tasks.json\n")


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], "required: COMMAND"),
        (["add"], "required: words"),
        (["add", "--priority", "9", "x"], "argument --priority: invalid choice"),
        (["done", "one"], "invalid int value: 'one'"),
        (["--nothing", "list"], "unrecognized arguments: --nothing"),
    ],
)
def test_wrong_usage(run, arguments, words):
    result = run(*arguments)
    assert result.code == 2
    assert words in result.err and result.err.startswith("usage: taskbook")


def test_help(run):
    result = run("--help")
    assert result.code == 0
    assert "Keep a list of tasks." in result.out
    assert "add a task" in result.out


def test_module_is_executable(run, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["taskbook", "list"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("taskbook", run_name="__main__")
    assert caught.value.code == 1


def test_input_from_a_person(monkeypatch):
    monkeypatch.setattr("builtins.input", lambda prompt="": "yes" if "?" in prompt else "")
    assert input("Sure?") == "yes"
