import time


def retry(function, times=3, wait=0.0, on=(OSError,), sleep=time.sleep):
    for attempt in range(1, times + 1):
        try:
            return function()
        except on:
            if attempt == times:
                raise
            sleep(wait * 2 ** (attempt - 1))
