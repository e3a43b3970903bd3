#!/usr/bin/env python3
"""Runs the first example at a pseudo-terminal and draws what the terminal shows as docs/picture/first-task.svg.

    docs/picture/make.py [PHASEGATE]      the binary; target/release/phasegate if not given

Needs Python 3.10 or later and nothing else; Linux or macOS. The example runs twice in a temporary folder: the first run
compiles the plugins, the second is drawn. Two things are left out of the picture: the header of the run, and lines that only
say that a phase started. A test compares the picture's text with the output of the example.
"""

import fcntl
import os
import pty
import re
import shutil
import struct
import sys
import tempfile
import termios
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURE = Path(__file__).with_name("first-task.svg")
TASK = "examples/first-task/task.toml"
COMMAND = f"$ cargo run --release -- run --task {TASK}"

COLUMNS, ROWS = 104, 42
FONT, CHAR, LINE, MARGIN, BAR = 13, 7.83, 18, 14, 30
BACKGROUND, FRAME, TEXT = "#161b22", "#30363d", "#e6edf3"
COLOURS = {31: "#ff7b72", 32: "#56d364", 33: "#e3b341", 34: "#79c0ff", 35: "#d2a8ff", 36: "#56d4dd", 90: "#8b949e"}
DIM = "#8b949e"
FAMILY = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"

ESCAPE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])")
LEFT_OUT = re.compile(r"^\S+#\d+ started\s*$")


def run(binary, folder):
    """Returns what the example writes to a terminal of COLUMNS columns."""
    environment = {
        "HOME": str(folder),
        "PATH": os.environ.get("PATH", ""),
        "TERM": "xterm-256color",
        "USER": "ada",
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.execve(binary, ["phasegate", "run", "--task", TASK], environment)
    written = b""
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # Linux reports the end of the other side as an error
            chunk = b""
        if not chunk:
            break
        written += chunk
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    text = written.decode()
    if status != 0:
        sys.exit(f"the example ended with exit code {status}:\n{text}")
    return text


def screen(text):
    """Returns the lines that remain on the terminal, each a list of (character, style)."""
    lines, row, column, style = [[]], 0, 0, (TEXT, False)
    at = 0
    while at < len(text):
        found = ESCAPE.match(text, at)
        if found:
            at = found.end()
            numbers = [int(number) for number in found[1].strip("?").split(";") if number]
            count = numbers[0] if numbers else 0
            match found[2]:
                case "m":
                    style = styled(style, numbers or [0])
                case "K":
                    del lines[row][column if count == 0 else 0 :]
                case "A":
                    row = max(0, row - (count or 1))
                case "G":
                    column = (count or 1) - 1
                case "h" | "l":
                    pass
                case other:
                    sys.exit(f"the escape sequence {found[0]!r} ({other}) is not supported")
            continue
        character = text[at]
        at += 1
        if character == "\r":
            column = 0
        elif character == "\n":
            row += 1
        else:
            if column >= COLUMNS:
                row, column = row + 1, 0
            while len(lines) <= row:
                lines.append([])
            line = lines[row]
            line.extend([(" ", (TEXT, False))] * (column - len(line)))
            line[column : column + 1] = [(character, style)]
            column += 1
        while len(lines) <= row:
            lines.append([])
    return lines


def styled(style, numbers):
    colour, bold = style
    for number in numbers:
        if number == 0:
            colour, bold = TEXT, False
        elif number == 1:
            bold = True
        elif number == 2:
            colour = DIM
        elif number in COLOURS:
            colour = COLOURS[number]
    return colour, bold


def plain(line):
    return "".join(character for character, _ in line)


def shown(lines):
    """Leaves out the header, which ends where the first phase starts, and lines that only say that a phase started."""
    first = next(number for number, line in enumerate(lines) if LEFT_OUT.match(plain(line)))
    body = [line for line in lines[first:] if not LEFT_OUT.match(plain(line))]
    while body and not plain(body[-1]).strip():
        body.pop()
    return body


def svg(lines):
    width = round(2 * MARGIN + COLUMNS * CHAR)
    height = BAR + 2 * MARGIN + LINE * (len(lines) + 2)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">',
        "<title>The first example in a terminal</title>",
        f'<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8" fill="{BACKGROUND}" stroke="{FRAME}"/>',
        f'<path d="M.5 {BAR}H{width - 0.5}" stroke="{FRAME}"/>',
    ]
    parts += [f'<circle cx="{18 + 18 * n}" cy="{BAR // 2}" r="5" fill="{FRAME}"/>' for n in range(3)]
    command = [(character, (DIM if number == 0 else TEXT, number > 0)) for number, character in enumerate(COMMAND)]
    parts.append(f'<g font-family="{FAMILY}" font-size="{FONT}" fill="{TEXT}">')
    for number, line in enumerate([command, [], *lines]):
        y = BAR + MARGIN + LINE * number + FONT
        parts += [word(start, y, text, *style) for start, text, style in words(line)]
    return "\n".join([*parts, "</g>", "</svg>", ""])


def words(line):
    """Splits a line where its style changes or where two or more spaces separate columns."""
    for found in re.finditer(r"\S+(?: \S+)*", plain(line)):
        start = found.start()
        while start < found.end():
            style, end = line[start][1], start
            while end < found.end() and (line[end][1] == style or line[end][0] == " "):
                end += 1
            text = plain(line[start:end])
            if text.strip():
                yield start + len(text) - len(text.lstrip()), text.strip(), style
            start = end


def word(column, y, text, colour, bold):
    fill = "" if colour == TEXT else f' fill="{colour}"'
    weight = ' font-weight="600"' if bold else ""
    place = f'x="{MARGIN + column * CHAR:.1f}" y="{y}" textLength="{len(text) * CHAR:.1f}"'
    return f"<text {place}{weight}{fill}>{escape(text, quote=False)}</text>"


def main():
    binary = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release/phasegate").resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("target"))
        run(binary, folder)
        shutil.rmtree(folder / ".phasegate")
        lines = shown(screen(run(binary, folder)))
    PICTURE.write_text(svg(lines))
    print(f"wrote {PICTURE.relative_to(ROOT)}: {len(lines)} lines")


main()
