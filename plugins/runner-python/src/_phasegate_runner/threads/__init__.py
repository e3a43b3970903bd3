"""Threads without threads: the interpreter has one thread, and what `threading` starts runs as coroutines on it.

`scheduler` decides which thread runs. `locks` has the operations that block. `transform` and `codes` make the coroutine
form of a function, `forms` chooses between a function and its form, `generators` does so for iterators, and `install`
puts all this below `threading`, `time` and `asyncio`.
"""
