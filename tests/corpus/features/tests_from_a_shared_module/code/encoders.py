import base64
import binascii


def to_hex(data):
    return binascii.hexlify(data).decode()


def from_hex(text):
    return binascii.unhexlify(text)


def to_base64(data):
    return base64.b64encode(data).decode()


def from_base64(text):
    return base64.b64decode(text)
