import threading

from stash import TTLCache, cached, lock_per_key


def test_decorated_function_keeps_its_name():
    @cached({})
    def double(number):
        """Doubles."""
        return number * 2

    assert (double.__name__, double.__doc__) == ("double", "Doubles.")
    assert [double(2), double(2), double(3)] == [4, 4, 6]
    assert double.info() == (1, 2, 2)


def test_keyword_arguments_are_part_of_the_key():
    @cached({})
    def power(base, exponent=2):
        return base**exponent

    assert power(2, exponent=3) == 8
    assert power(2) == 4


def test_errors_are_not_cached():
    calls = []

    @cached({})
    def fails():
        calls.append(1)
        raise ValueError

    for _ in range(2):
        try:
            fails()
        except ValueError:
            pass
    assert len(calls) == 2


def test_many_threads():
    calls, results = [], []

    @cached(TTLCache(100, 60), lock=threading.Lock())
    def work(number):
        calls.append(number)
        return number * 10

    def run():
        for number in range(20):
            results.append(work(number))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 160
    assert sum(results) == 8 * 10 * sum(range(20))
    assert set(calls) == set(range(20))


def test_lock_per_key():
    locks = lock_per_key()
    assert locks("a") is locks("a")
    assert locks("a") is not locks("b")
    with locks("a"), locks("a"), locks("b"):
        pass


def test_barrier_and_condition():
    barrier, order = threading.Barrier(3), []
    condition, ready = threading.Condition(), []

    def meet(number):
        barrier.wait(timeout=5)
        with condition:
            ready.append(number)
            condition.notify_all()

    threads = [threading.Thread(target=meet, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    barrier.wait(timeout=5)
    with condition:
        assert condition.wait_for(lambda: len(ready) == 2, timeout=5)
    for thread in threads:
        thread.join()
    assert sorted(ready) == [0, 1] and order == []


def test_semaphore_bounds_the_work():
    semaphore, active, most = threading.BoundedSemaphore(2), [], []

    def work():
        with semaphore:
            active.append(1)
            most.append(len(active))
            active.pop()

    threads = [threading.Thread(target=work) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert max(most) <= 2 and len(most) == 6
