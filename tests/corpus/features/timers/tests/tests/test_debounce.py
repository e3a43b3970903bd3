import threading
import time

from debounce import Debounced


def test_only_the_last_call_counts():
    seen = []
    save = Debounced(seen.append, 0.05)
    for text in ("a", "ab", "abc"):
        save(text)
    save.wait()
    assert seen == ["abc"]


def test_cancelled_timer_never_runs():
    seen = []
    timer = threading.Timer(0.01, seen.append, [1])
    timer.start()
    timer.cancel()
    time.sleep(0.05)
    assert seen == []


def test_timer_runs_while_the_test_sleeps():
    seen = []
    threading.Timer(0.01, seen.append, [1]).start()
    time.sleep(0.2)
    assert seen == [1]
