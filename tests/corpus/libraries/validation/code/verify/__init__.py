from .checks import Invalid, email, in_range, integer, ip_address, length, matches, one_of, slug, url, uuid4
from .schema import Schema

__all__ = [
    "Invalid",
    "Schema",
    "email",
    "in_range",
    "integer",
    "ip_address",
    "length",
    "matches",
    "one_of",
    "slug",
    "url",
    "uuid4",
]
