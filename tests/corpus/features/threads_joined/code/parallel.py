import queue
import threading


def square_all(numbers):
    results = {}
    lock = threading.Lock()

    def work(number):
        with lock:
            results[number] = number * number

    threads = [threading.Thread(target=work, args=(number,), name=f"worker-{number}") for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=5)
    assert not any(thread.is_alive() for thread in threads)
    return [results[number] for number in numbers]


class Worker(threading.Thread):
    """Doubles what comes through a queue until it receives None."""

    def __init__(self):
        super().__init__(daemon=True)
        self.inbox, self.outbox = queue.Queue(), queue.Queue()

    def run(self):
        while (item := self.inbox.get()) is not None:
            self.outbox.put(item * 2)


class Flag:
    def __init__(self):
        self.event, self.seen = threading.Event(), []

    def wait_for_it(self):
        self.seen.append(self.event.wait(timeout=2))
