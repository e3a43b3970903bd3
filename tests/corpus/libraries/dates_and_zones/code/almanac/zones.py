from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo


def convert(moment, zone):
    if moment.tzinfo is None:
        raise ValueError("the time has no zone")
    return moment.astimezone(ZoneInfo(zone))


def next_change(moment, zone, days=400):
    """Returns the hour of the next change of the offset, in UTC, or None."""
    info, moment = ZoneInfo(zone), moment.astimezone(timezone.utc).replace(minute=0, second=0, microsecond=0)
    before = moment.astimezone(info).utcoffset()
    low, high = 0, None
    for day in range(1, days):
        if (moment + timedelta(days=day)).astimezone(info).utcoffset() != before:
            low, high = (day - 1) * 24, day * 24
            break
    if high is None:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if (moment + timedelta(hours=middle)).astimezone(info).utcoffset() != before:
            high = middle
        else:
            low = middle
    return datetime.fromtimestamp(moment.timestamp() + high * 3600, timezone.utc)
