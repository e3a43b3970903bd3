import json


def encode(value, form="json"):
    if form == "msgpack":
        import msgpack

        return msgpack.packb(value)
    return json.dumps(value).encode()
