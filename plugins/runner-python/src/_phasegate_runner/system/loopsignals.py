"""`add_signal_handler` of event loops: the callback runs in the loop's next turn."""

import signal


class SignalHandlers:
    """A part of an event loop."""

    def add_signal_handler(self, sig, callback, *args):
        self._check_signal(sig)
        self._check_callback(callback, "add_signal_handler")
        self._check_closed()
        try:
            signal.signal(sig, lambda *_: self.call_soon_threadsafe(callback, *args))
        except OSError:
            raise RuntimeError(f"sig {sig} cannot be caught") from None
        self._handled_signals().add(sig)

    def remove_signal_handler(self, sig):
        self._check_signal(sig)
        if sig not in self._handled_signals():
            return False
        self._handled_signals().discard(sig)
        signal.signal(sig, signal.default_int_handler if sig == signal.SIGINT else signal.SIG_DFL)
        return True

    def close(self):
        for sig in list(self._handled_signals()):
            self.remove_signal_handler(sig)
        super().close()

    def _handled_signals(self) -> set:
        return self.__dict__.setdefault("_signals", set())

    def _check_signal(self, sig):
        if not isinstance(sig, int):
            raise TypeError(f"sig must be an int, not {sig!r}")
        if sig not in signal.valid_signals():
            raise ValueError(f"invalid signal number {sig}")
