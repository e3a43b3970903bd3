import json

from .types import Money


def dumps(value):
    return json.dumps(value, default=lambda it: it.cents if isinstance(it, Money) else str(it))
