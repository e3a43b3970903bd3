import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

Queue = multiprocessing.Queue


def cpu_count():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else multiprocessing.cpu_count()


def pool(kind="thread", workers=2):
    return {"thread": ThreadPoolExecutor, "process": ProcessPoolExecutor}[kind](workers)


def map_all(function, items, kind=None):
    if kind is None:
        return [function(item) for item in items]
    with pool(kind) as executor:
        return list(executor.map(function, items))


if __name__ == "__main__":
    multiprocessing.freeze_support()
    multiprocessing.set_start_method("spawn")
    print(map_all(abs, range(-10, 0), "process"))
