import curses

from snake import Snake


def test_moves():
    snake = Snake()
    assert snake.step()
    assert list(snake.cells) == [(1, 0), (2, 0), (3, 0)]


def test_turns():
    snake = Snake()
    snake.key(curses.KEY_DOWN)
    snake.step()
    assert snake.cells[-1] == (2, 1)


def test_collision():
    snake = Snake()
    snake.key(curses.KEY_LEFT)
    assert not snake.step()


def test_unknown_key_is_ignored():
    snake = Snake()
    snake.key(1)
    assert snake.direction == (1, 0)
