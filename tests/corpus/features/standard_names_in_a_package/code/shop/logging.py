import logging

log = logging.getLogger("shop")


def note(words):
    log.warning("shop: %s", words)
