import time


def retry(function, times=3, wait=0.0, on=(OSError,), sleep=time.sleep):
    for attempt in range(1, times):
        try:
            return function()
        except on:
            sleep(wait * 2 ** (attempt - 1))
