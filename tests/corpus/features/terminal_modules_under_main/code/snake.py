import curses
import readline
import termios
import tty
from collections import deque

KEYS = {curses.KEY_UP: (0, -1), curses.KEY_DOWN: (0, 1), curses.KEY_LEFT: (-1, 0), curses.KEY_RIGHT: (1, 0)}


class Snake:
    def __init__(self, length=3):
        self.cells = deque((x, 0) for x in range(length))
        self.direction = (1, 0)

    def key(self, code):
        self.direction = KEYS.get(code, self.direction)

    def step(self):
        x, y = self.cells[-1]
        head = (x + self.direction[0], y + self.direction[1])
        if head in self.cells:
            return False
        self.cells.append(head)
        self.cells.popleft()
        return True


def play(screen: "curses.window"):
    snake = Snake()
    while snake.step():
        snake.key(screen.getch())


def read_key(fd):
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd)
    except termios.error:
        return None
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


if __name__ == "__main__":
    readline.parse_and_bind("tab: complete")
    curses.wrapper(play)
