from encoders import from_base64, from_hex, to_base64, to_hex
from shared_cases import *  # noqa: F403


class TestHex(RoundTrip):  # noqa: F405
    encode, decode = staticmethod(to_hex), staticmethod(from_hex)


class TestBase64(RoundTrip):  # noqa: F405
    encode, decode = staticmethod(to_base64), staticmethod(from_base64)
