"""Terminals and displays: there are none, as in most continuous integration. The errors are the ones known from there.

`readline` keeps its history in memory.
"""

import errno
import io

from .calls import note, refused


def termios(names):
    def call(function):
        def fail(fd, *args):
            fd = fd if isinstance(fd, int) else fd.fileno()
            raise names["error"](errno.ENOTTY, "Inappropriate ioctl for device")

        fail.__name__ = function
        return fail

    names |= {name: call(name) for name in names if name.startswith("tc")}


def curses(names):
    error = names["error"]
    names |= {n: refused(f"curses.{n}", error) for n, f in names.items() if callable(f) and not isinstance(f, type)}


def tkinter(names):
    error = names["TclError"]

    def create(screenName=None, baseName="", className="Tk", *args):
        note("tkinter.Tk")
        raise error("no display name and no $DISPLAY environment variable")

    def flatten(items, /):
        flat = []
        for item in items:
            if isinstance(item, (list, tuple)):
                flat += flatten(item)
            elif item is not None:
                flat.append(item)
        return tuple(flat)

    names |= {"create": create, "_flatten": flatten}


def readline(names):
    history: list[str] = []
    state = {"completer": None, "delims": " \t\n`~!@#$%^&*()-=+[{]}\\|;:'\",<>/?", "length": -1}

    def get_history_item(index, /):
        return history[index - 1] if 0 < index <= len(history) else None

    def remove_history_item(pos, /):
        if not 0 <= pos < len(history):
            raise ValueError(f"No history item at position {pos}")
        del history[pos]

    def replace_history_item(pos, line, /):
        if not 0 <= pos < len(history):
            raise ValueError(f"No history item at position {pos}")
        history[pos] = line

    def read_history_file(filename="~/.history", /):
        with io.open(filename, encoding="utf-8") as file:
            history.extend(file.read().splitlines())

    def write_history_file(filename="~/.history", /):
        kept = history if state["length"] < 0 else history[-state["length"] or len(history) :]
        with io.open(filename, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in kept)

    def append_history_file(nelements, filename="~/.history", /):
        with io.open(filename, "a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in history[len(history) - nelements :])

    def nothing(*args):
        return None

    names |= {name: nothing for name, value in names.items() if callable(value)}
    names |= {
        "add_history": lambda line, /: history.append(line),
        "clear_history": lambda: history.clear(),
        "get_history_item": get_history_item,
        "remove_history_item": remove_history_item,
        "replace_history_item": replace_history_item,
        "get_current_history_length": lambda: len(history),
        "read_history_file": read_history_file,
        "write_history_file": write_history_file,
        "append_history_file": append_history_file,
        "get_history_length": lambda: state["length"],
        "set_history_length": lambda length, /: state.update(length=length),
        "get_completer": lambda: state["completer"],
        "set_completer": lambda function=None, /: state.update(completer=function),
        "get_completer_delims": lambda: state["delims"],
        "set_completer_delims": lambda delims, /: state.update(delims=delims),
        "get_line_buffer": lambda: "",
        "get_begidx": lambda: 0,
        "get_endidx": lambda: 0,
        "get_completion_type": lambda: 0,
    }
