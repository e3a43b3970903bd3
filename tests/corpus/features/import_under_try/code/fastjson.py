try:
    import orjson as _fast
except ImportError:
    _fast = None
import json


def dumps(value):
    if _fast is not None:
        return _fast.dumps(value, option=_fast.OPT_SORT_KEYS).decode()
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def backend():
    return "json" if _fast is None else "orjson"
