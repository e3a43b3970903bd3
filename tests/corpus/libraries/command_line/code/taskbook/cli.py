import argparse
import json
import os
import sys
from pathlib import Path

from . import store


def parser():
    parser = argparse.ArgumentParser(prog="taskbook", description="Keep a list of tasks.")
    parser.add_argument("--file", type=Path, default=None, help="where the tasks are kept")
    parser.add_argument("-v", "--verbose", action="count", default=0)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add = commands.add_parser("add", help="add a task")
    add.add_argument("words", nargs="+")
    add.add_argument("--priority", type=int, choices=range(1, 4), default=2)
    listing = commands.add_parser("list", help="list the tasks")
    listing.add_argument("--json", action="store_true")
    done = commands.add_parser("done", help="mark a task")
    done.add_argument("number", type=int)
    return parser


def main(arguments=None, stdin=None):
    options = parser().parse_args(arguments)
    path = options.file or Path(os.environ.get("TASKBOOK_FILE", "tasks.json"))
    try:
        return COMMANDS[options.command](options, path, stdin or sys.stdin)
    except store.UnknownTask as error:
        print(f"taskbook: {error}", file=sys.stderr)
        return 2


def add(options, path, stdin):
    words = stdin.read().strip() if options.words == ["-"] else " ".join(options.words)
    number = store.add(path, words, options.priority)
    print(f"Added task {number}.")
    if options.verbose:
        print(f"file: {path}", file=sys.stderr)
    return 0


def list_all(options, path, stdin):
    tasks = store.load(path)
    if options.json:
        json.dump(tasks, sys.stdout)
    else:
        for task in sorted(tasks, key=lambda task: (task["priority"], task["number"])):
            mark = "x" if task["done"] else " "
            print(f"[{mark}] {task['number']:>3} {'!' * (4 - task['priority']):3} {task['words']}")
    return 0 if tasks else 1


def done(options, path, stdin):
    store.mark(path, options.number)
    return 0


COMMANDS = {"add": add, "list": list_all, "done": done}
