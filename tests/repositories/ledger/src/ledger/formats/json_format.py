"""JSON: a list of entries with cents."""

import json

from ..dates import parse_date
from ..entries import Entry


def read(text, path="<text>"):
    return [Entry(parse_date(e["date"]), e["account"], e["cents"], e.get("text", "")) for e in json.loads(text)]


def write(entries):
    rows = [{"date": e.date.isoformat(), "account": e.account, "cents": e.cents, "text": e.text} for e in entries]
    return json.dumps(rows, indent=2)
