"""Threads that take turns, with an ordinary Python. The sandbox has more cases in `python_corpus/thread*.txt`."""

import unittest

from support import run


class Threads(unittest.TestCase):
    def test_take_turns_and_say_where_they_wait(self):
        app = """
import queue, threading

class Pipe(threading.Thread):
    def __init__(self):
        super().__init__(name="pipe")
        self.into, self.out = queue.Queue(1), queue.Queue(1)

    def run(self):
        for item in iter(self.into.get, None):
            self.out.put([self.shift(n) for n in range(item)])
        self.out.put(None)

    def shift(self, n):
        return n + 1
"""
        suite = """
import threading, time
from concurrent.futures import ThreadPoolExecutor
from app import Pipe

def test_pipe():
    pipe = Pipe()
    pipe.start()
    pipe.into.put(2)
    pipe.into.put(3)
    assert pipe.out.get() == [1, 2]
    pipe.into.put(None)
    assert pipe.out.get() == [1, 2, 3] and pipe.out.get() is None
    pipe.join()

def test_order_of_time():
    ended = []
    def work(seconds):
        time.sleep(seconds)
        ended.append(seconds)
    with ThreadPoolExecutor(3) as pool: list(pool.map(work, [0.3, 0.1, 0.2]))
    assert ended == [0.1, 0.2, 0.3]

def test_waits_for_ever():
    pipe = Pipe()
    pipe.start()
    pipe.join()

def test_ends_the_process():
    import os
    threading.Thread(target=os._exit, args=(0,)).start()
"""
        done = run({"test_a.py": suite}, {"app.py": app}, threads=True)
        self.assertEqual(
            done.outcomes,
            {
                "test_pipe": "passed",
                "test_order_of_time": "passed",
                "test_waits_for_ever": "failed",
                "test_ends_the_process": "failed",
            },
        )
        self.assertIn(
            "deadlock: every thread waits and none can wake another: MainThread waits in Thread.join (test_a.py:27); "
            "pipe waits in Queue.get (app.py:10)",
            done.messages["test_waits_for_ever"],
        )
        self.assertIn("os._exit(0) was called in a thread", done.messages["test_ends_the_process"])


if __name__ == "__main__":
    unittest.main()
