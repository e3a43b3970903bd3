import threading

import parallel


def test_squares():
    assert parallel.square_all([3, 1, 2]) == [9, 1, 4]


def test_queue_hand_over():
    worker = parallel.Worker()
    worker.start()
    for item in (1, "a", None):
        worker.inbox.put(item)
    assert [worker.outbox.get(timeout=2) for _ in range(2)] == [2, "aa"]
    worker.join(timeout=2)
    assert not worker.is_alive()


def test_event():
    flag = parallel.Flag()
    thread = threading.Thread(target=flag.wait_for_it)
    thread.start()
    flag.event.set()
    thread.join()
    assert flag.seen == [True]


def test_name_and_main_thread():
    seen = []
    thread = threading.Thread(target=lambda: seen.append(threading.current_thread().name), name="it")
    thread.start()
    thread.join()
    assert seen == ["it"]
    assert threading.current_thread() is threading.main_thread()


def test_thread_local_values():
    local = threading.local()
    local.value = "main"
    seen = []
    thread = threading.Thread(target=lambda: seen.append(getattr(local, "value", None)))
    thread.start()
    thread.join()
    assert (seen, local.value) == ([None], "main")
