import threading


class Debounced:
    """Calls a function once after a quiet time."""

    def __init__(self, function, seconds):
        self.function, self.seconds, self.timer = function, seconds, None

    def __call__(self, *arguments):
        if self.timer is not None:
            self.timer.cancel()
        self.timer = threading.Timer(self.seconds, self.function, arguments)
        self.timer.start()

    def wait(self):
        self.timer.join()
