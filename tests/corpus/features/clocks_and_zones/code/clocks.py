import time
from datetime import datetime, timezone
from zoneinfo import ZoneInfo


def stamp(moment):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment))


def in_city(moment, zone):
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).isoformat()


def local_offset(zone, environ):
    environ["TZ"] = zone
    time.tzset()
    return time.strftime("%z", time.localtime(1_700_000_000))


def since(start):
    return datetime.now(timezone.utc) - start
