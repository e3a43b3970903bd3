"""Where the supplied files and the interpreter lie inside the sandbox. The rest of the runner names them by relative paths."""

FOLDER = "/home/sandbox/project"
# What `sys.executable` names.
EXECUTABLE = "/usr/bin/python3"


def absolute(path: str) -> str:
    """Returns the place of a supplied file or folder; an empty path is the project's root."""
    return f"{FOLDER}/{path}" if path else FOLDER


def relative(path: str) -> str | None:
    """Returns the path inside the project, "" for its root, or None for a place outside."""
    path = path.rstrip("/")
    if path == FOLDER:
        return ""
    return path[len(FOLDER) + 1 :] if path.startswith(f"{FOLDER}/") else None
