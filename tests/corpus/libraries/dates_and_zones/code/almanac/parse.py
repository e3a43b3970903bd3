import re
from datetime import date, datetime, timedelta, timezone

_DATE = re.compile(
    r"(?P<year>\d{4})-?(?P<month>\d\d)-?(?P<day>\d\d)"
    r"(?:[T ](?P<hour>\d\d):?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?P<fraction>[.,]\d+)?)?(?P<zone>Z|[+-]\d\d:?\d\d)?)?"
)
_DURATION = re.compile(r"(?P<sign>-)?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def parse_date(text):
    found = _DATE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not a date: {text!r}")
    part = found.groupdict()
    day = date(int(part["year"]), int(part["month"]), int(part["day"]))
    if part["hour"] is None:
        return day
    micro = round(float("0" + (part["fraction"] or ".0").replace(",", ".")) * 1_000_000)
    moment = datetime(day.year, day.month, day.day, int(part["hour"]), int(part["minute"]), int(part["second"] or 0))
    return moment.replace(microsecond=micro, tzinfo=_zone(part["zone"]))


def _zone(text):
    if text is None:
        return None
    if text == "Z":
        return timezone.utc
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-offset if text[0] == "-" else offset)


def parse_duration(text):
    found = _DURATION.fullmatch(text)
    if found is None or text[-1] in "PT":
        raise ValueError(f"not a duration: {text!r}")
    weeks, days, hours, minutes, seconds = (float(part or 0) for part in found.groups()[1:])
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -length if found["sign"] else length
