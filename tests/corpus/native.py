"""Runs each program of this folder with this Python and its pytest, and compares the verdicts with `native.json`.

    python native.py [--write] [PROGRAM…]

Exits with 1 where a verdict is not the recorded one, after the last lines that pytest printed for that program, and where a
variant passes every test (a variant is broken on purpose).
`--write` records the verdicts instead. Programs are copied into a temporary folder; nothing is written beside them.
"""

import argparse
import concurrent.futures
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

CORPUS = Path(__file__).resolve().parent
OLDEST = (3, 11)
RECORD = CORPUS / "native.json"
SECONDS_PER_PROGRAM = 60
SHOWN_LINES = 80
OPTIONS = ["-q", "-p", "verdicts", "-p", "no:cacheprovider", "--rootdir", ".", "--continue-on-collection-errors"]
CAPTURED = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL, "text": True}
NEVER_COPIED = shutil.ignore_patterns("__pycache__", "*.pyc")


def main():
    parser = argparse.ArgumentParser(description="Compare the native verdicts of the corpus with their record.")
    parser.add_argument("--write", action="store_true", help="record the verdicts instead of comparing them")
    parser.add_argument("programs", nargs="*", help="programs by name, such as `features/main_guard`; all by default")
    arguments = parser.parse_args()
    if sys.version_info < OLDEST:
        print(f"not compared: the record holds for CPython {'.'.join(map(str, OLDEST))} and later")
        return 0
    # A shell's background job ignores SIGINT, and programs would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    programs = {name: folders for name, folders in all_programs().items() if is_wanted(name, arguments.programs)}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = dict(zip(programs, pool.map(run, programs.values())))
    seen = {name: verdicts for name, (verdicts, _) in results.items()}
    faults = [f"{name}: every test passes; a variant must be broken" for name in seen if is_harmless(name, seen[name])]
    if arguments.write:
        write_record(seen, keep=bool(arguments.programs))
    else:
        recorded = json.loads(RECORD.read_text(encoding="utf-8"))
        # Some programs measure time, which a busy machine disturbs: one that differs runs once more, alone.
        for name in [name for name in seen if seen[name] != recorded.get(name)]:
            results[name] = run(programs[name])
            seen[name] = results[name][0]
        names = seen if arguments.programs else {**recorded, **seen}
        for name in names:
            different = list(differences(name, recorded.get(name, {}), seen.get(name, {})))
            if different and name in results:
                print(f"pytest about {name}:", *results[name][1].splitlines()[-SHOWN_LINES:], sep="\n")
            faults += different
    print("\n".join(faults) if faults else f"{len(seen)} programs, {sum(map(len, seen.values()))} tests")
    return 1 if faults else 0


def all_programs():
    """Returns the folders of each program in the order in which they are laid over each other."""
    programs = {}
    for code in sorted(CORPUS.glob("*/*/code")):
        folder = code.parent
        name = folder.relative_to(CORPUS).as_posix()
        programs[name] = [code, folder / "tests"]
        for variant in sorted(folder.glob("variants/*")):
            programs[f"{name}/{variant.name}"] = [code, variant, folder / "tests"]
    return programs


def is_wanted(name, wanted):
    return not wanted or any(name == it or name.startswith(f"{it}/") for it in wanted)


def is_harmless(name, verdicts):
    return name.count("/") == 2 and not {"failed", "errored"} & set(verdicts.values())


def run(folders):
    """Returns the verdict of each test of a program, and the output of pytest."""
    with tempfile.TemporaryDirectory() as scratch:
        project, verdicts = Path(scratch) / "project", Path(scratch) / "verdicts.json"
        for folder in folders:
            shutil.copytree(folder, project, ignore=NEVER_COPIED, dirs_exist_ok=True)
        command = [sys.executable, "-m", "pytest", *OPTIONS]
        environment = {
            **os.environ,
            "PYTHONPATH": str(CORPUS),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "CORPUS_VERDICTS": str(verdicts),
        }
        try:
            ended = subprocess.run(command, cwd=project, env=environment, timeout=SECONDS_PER_PROGRAM, **CAPTURED)
        except subprocess.TimeoutExpired:
            return {f"pytest was stopped after {SECONDS_PER_PROGRAM} s": "errored"}, ""
        if not verdicts.exists():
            return {f"pytest ended with {ended.returncode}": "errored"}, ended.stdout
        return dict(sorted(json.loads(verdicts.read_text(encoding="utf-8")).items())), ended.stdout


def differences(name, recorded, seen):
    for test in {**recorded, **seen}:
        before, now = recorded.get(test, "no such test"), seen.get(test, "no such test")
        if before != now:
            yield f"{name} {test}: {before} in the record, {now} here"


def write_record(seen, keep):
    recorded = json.loads(RECORD.read_text(encoding="utf-8")) if keep else {}
    recorded = dict(sorted({**recorded, **seen}.items()))
    RECORD.write_text(json.dumps(recorded, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
