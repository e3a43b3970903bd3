import asyncio
from concurrent.futures import ThreadPoolExecutor

from fetching import fetch_all, first_of


def fetch(url):
    if "bad" in url:
        raise ValueError(f"no {url}")
    return url.upper()


def test_bodies_and_errors():
    bodies, errors = fetch_all(["a", "bad", "c"], fetch)
    assert bodies == {"a": "A", "c": "C"}
    assert errors == {"bad": "no bad"}


def test_map_keeps_order():
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(len, ["aaa", "b", ""])) == [3, 1, 0]


def test_first_of():
    assert first_of([lambda: 1, lambda: 1]) == 1


def test_callbacks():
    seen = []
    with ThreadPoolExecutor() as pool:
        pool.submit(pow, 2, 5).add_done_callback(lambda future: seen.append(future.result()))
    assert seen == [32]


def test_asyncio_hands_work_to_threads():
    async def main():
        return await asyncio.gather(asyncio.to_thread(fetch, "a"), asyncio.to_thread(fetch, "b"))

    assert asyncio.run(main()) == ["A", "B"]
