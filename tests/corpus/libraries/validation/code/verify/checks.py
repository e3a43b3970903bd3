import functools
import ipaddress
import re
from urllib.parse import urlsplit


class Invalid(ValueError):
    def __init__(self, check, value):
        super().__init__(f"{value!r} is not valid: {check}")
        self.check, self.value = check, value

    def __bool__(self):
        return False


def validator(function):
    """Returns True or an Invalid, which is false."""

    @functools.wraps(function)
    def wrapper(value, *args, **kwargs):
        try:
            good = function(value, *args, **kwargs)
        except (TypeError, ValueError):
            good = False
        return True if good else Invalid(function.__name__, value)

    return wrapper


@validator
def integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


@validator
def in_range(value, low=None, high=None):
    return (low is None or value >= low) and (high is None or value <= high)


@validator
def length(value, low=0, high=None):
    return in_range(len(value), low, high)


@validator
def matches(value, pattern):
    return re.fullmatch(pattern, value)


@validator
def one_of(value, *allowed):
    return value in allowed


@validator
def slug(value):
    return re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", value)


@validator
def uuid4(value):
    return re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", value, re.IGNORECASE)


@validator
def ip_address(value, version=None):
    address = ipaddress.ip_address(value)
    return version in (None, address.version)


@validator
def host(value):
    labels = value.encode("idna").decode().rstrip(".").split(".")
    return len(value) <= 253 and all(re.fullmatch(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)", label) for label in labels)


@validator
def email(value):
    name, at, domain = value.rpartition("@")
    name_is_good = re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", name)
    return at and name_is_good and len(name) <= 64 and "." in domain and host(domain)


@validator
def url(value, schemes=("http", "https", "ftp")):
    parts = urlsplit(value)
    if parts.scheme not in schemes or not parts.hostname or " " in value:
        return False
    parts.port
    return ip_address(parts.hostname) or host(parts.hostname)
