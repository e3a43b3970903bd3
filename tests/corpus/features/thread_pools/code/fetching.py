from concurrent.futures import ThreadPoolExecutor, as_completed, wait


def fetch_all(urls, fetch, workers=4):
    """Returns bodies and errors by URL."""
    bodies, errors = {}, {}
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="fetch") as pool:
        futures = {pool.submit(fetch, url): url for url in urls}
        for future in as_completed(futures):
            url = futures[future]
            try:
                bodies[url] = future.result()
            except ValueError as error:
                errors[url] = str(error)
    return bodies, errors


def first_of(tasks):
    with ThreadPoolExecutor(2) as pool:
        done, _ = wait([pool.submit(task) for task in tasks], return_when="FIRST_COMPLETED")
        return next(iter(done)).result()
