import subprocess
import sys


def version(run=subprocess.run):
    done = run([sys.executable, "-c", "print('1.2.3')"], capture_output=True, text=True, check=True)
    return tuple(int(part) for part in done.stdout.split("."))


def has(program):
    try:
        subprocess.run([program, "--version"], capture_output=True)
    except FileNotFoundError:
        return False
    return True
