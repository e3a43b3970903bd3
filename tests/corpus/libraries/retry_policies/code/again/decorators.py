import functools
import inspect

from .policy import Policy


def retry(function=None, **options):
    if function is None:
        return functools.partial(retry, **options)
    policy = Policy(**options)
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def wrapper(*args, **kwargs):
            return await policy.call_async(function, *args, **kwargs)

    else:

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return policy.call(function, *args, **kwargs)

    wrapper.policy = policy
    return wrapper
