import os
import shutil
import signal
import subprocess


class Service:
    def __init__(self):
        self.stopped = False

    def install(self):
        self.previous = signal.signal(signal.SIGTERM, self.stop)

    def stop(self, number, frame):
        self.stopped = True


def git_revision(folder):
    try:
        done = subprocess.run(
            ["git-of-another-world", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True
        )
    except FileNotFoundError:
        return None
    except subprocess.CalledProcessError as error:
        return f"failed: {error.returncode}"
    return done.stdout.strip()


def pid_file(path):
    path.write_text(str(os.getpid()))
    return int(path.read_text())


def has_tool(name):
    return shutil.which(name) is not None
