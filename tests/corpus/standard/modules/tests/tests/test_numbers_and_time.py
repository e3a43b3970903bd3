import array
import bisect
import calendar
import cmath
import datetime as dt
import decimal
import fractions
import heapq
import itertools
import math
import operator
import random
import statistics
import struct
import sys
import time
import zoneinfo
import pytest


def test_random_sequences():
    r = random.Random(42)
    assert [r.randint(0, 100) for _ in range(8)] == [81, 14, 3, 94, 35, 31, 28, 17]
    assert r.random() == pytest.approx(0.7364712141640124) and r.choice("abcdef") and r.sample(range(100), 3)
    random.seed("text")
    a = random.random()
    random.seed("text")
    assert a == random.random()
    r = random.Random(1)
    x = list(range(10))
    r.shuffle(x)
    assert x == [6, 8, 9, 7, 5, 3, 0, 4, 1, 2]
    assert random.Random(7).getrandbits(64) == random.Random(7).getrandbits(64)
    assert round(random.Random(3).gauss(0, 1), 9) == round(random.Random(3).gauss(0, 1), 9)


def test_random_exact():
    r = random.Random(0)
    assert [round(r.uniform(0, 10), 6) for _ in range(3)] == [8.444219, 7.579544, 4.205716]
    assert random.Random(0).sample(range(1000), 5) == [864, 394, 776, 911, 430]
    assert random.Random(0).choices("abc", k=5) == ["c", "c", "b", "a", "b"]


def test_decimal():
    D = decimal.Decimal
    with decimal.localcontext() as c:
        c.prec = 30
        assert (
            str(D(1) / D(7)) == "0.142857142857142857142857142857"
            and str(D(2).sqrt()) == "1.41421356237309504880168872421"
        )
    assert D("0.1") + D("0.2") == D("0.3") and D("1.005").quantize(D("0.01"), rounding=decimal.ROUND_HALF_UP) == D(
        "1.01"
    )
    with pytest.raises(decimal.InvalidOperation):
        D("x")
    assert f"{D('1234567.891'):,.2f}" == "1,234,567.89" and D("1e400").adjusted() == 400


def test_big_numbers():
    assert 2**200 == 1606938044258990275541962092341162602522202993782792835301376
    assert math.factorial(50) % 10**9 == 0 and pow(3, 10**6, 10**9 + 7) == pow(3, 10**6, 10**9 + 7)
    assert (
        math.comb(100, 50) == 100891344545564193334812497256
        and math.isqrt(10**40) == 10**20
        and math.gcd(2**70, 6) == 2
    )
    assert (10**30).bit_length() == 100 and int("9" * 4000) and hex(2**64) == "0x10000000000000000"
    with pytest.raises(ValueError, match="Exceeds the limit"):
        int("9" * 5000)
    assert (2**63).to_bytes(8, "big") == b"\x80" + b"\0" * 7 and int.from_bytes(
        b"\xff" * 8, "little", signed=True
    ) == -1
    assert sum(range(10**5)) == 4999950000 and 10**20 // 3 == 33333333333333333333 and -7 // 2 == -4


def test_floats():
    assert (
        repr(0.1 + 0.2) == "0.30000000000000004"
        and float("1e308") * 10 == math.inf
        and round(2.5) == 2
        and round(2.675, 2) == 2.67
    )
    assert (
        math.fsum([0.1] * 10) == 1.0 and (0.5).as_integer_ratio() == (1, 2) and float.hex(1.5) == "0x1.8000000000000p+0"
    )
    assert (
        f"{1234.5678:.2e}" == "1.23e+03" and f"{0.000012345:g}" == "1.2345e-05" and f"{1e16:.0f}" == "10000000000000000"
    )
    for f, x in (
        (math.sin, 1),
        (math.cos, 2),
        (math.exp, 1.5),
        (math.log, 3),
        (math.tan, 0.7),
        (math.atan2, None),
        (math.pow, None),
    ):
        y = f(1, 2) if x is None else f(x)
        assert math.isfinite(y)
    assert math.sqrt(2) == 1.4142135623730951 and math.hypot(3, 4) == 5.0 and cmath.sqrt(-1) == 1j


def test_libm_values():
    assert [
        math.sin(1),
        math.cos(1),
        math.exp(1),
        math.log(10),
        math.tan(1),
        math.atan(1),
        math.sinh(1),
        math.log2(10),
        math.log10(2),
        2**0.5,
        10**-3,
        math.gamma(5.5),
        math.erf(0.5),
    ] == [
        0.8414709848078965,
        0.5403023058681398,
        2.718281828459045,
        2.302585092994046,
        1.5574077246549023,
        0.7853981633974483,
        1.1752011936438014,
        3.321928094887362,
        0.3010299956639812,
        1.4142135623730951,
        0.001,
        52.34277778455352,
        0.5204998778130465,
    ]


def test_struct_standard():
    assert (
        struct.pack("<iqd", 1, 2, 3.0) == b"\x01\0\0\0\x02" + b"\0" * 7 + b"\0\0\0\0\0\0\x08@"
        and struct.calcsize("<lL") == 8
    )
    assert struct.unpack(">HB", b"\x01\x02\x03") == (258, 3) and array.array("d", [1.5]).itemsize == 8
    with pytest.raises(struct.error):
        struct.pack("<b", 200)


def test_fractions_statistics():
    assert fractions.Fraction("0.125") == fractions.Fraction(1, 8) and statistics.median([3, 1, 2]) == 2
    assert statistics.stdev([1, 2, 3, 4]) == pytest.approx(1.2909944487358056) and statistics.mode("aab") == "a"
    assert statistics.NormalDist(0, 1).cdf(1.96) == pytest.approx(0.9750021048517795) and statistics.quantiles(
        [1, 2, 3, 4], n=2
    ) == [2.5]


def test_dates():
    d = dt.datetime(2024, 2, 29, 12, 30, 15, 123456)
    assert d.isoformat() == "2024-02-29T12:30:15.123456" and dt.datetime.fromisoformat(
        "2024-02-29T12:30:15+02:00"
    ).utcoffset() == dt.timedelta(hours=2)
    assert d.strftime("%Y-%m-%d %H:%M:%S %j %a %b %p %U") == "2024-02-29 12:30:15 060 Thu Feb PM 08"
    assert dt.datetime.strptime("29/Feb/2024:12", "%d/%b/%Y:%H") == dt.datetime(2024, 2, 29, 12)
    assert dt.date(2024, 12, 30).isocalendar()[:2] == (2025, 1) and calendar.monthrange(2023, 2) == (2, 28)
    with pytest.raises(OverflowError):
        dt.date.max + dt.timedelta(1)
    assert dt.datetime.fromtimestamp(0, dt.timezone.utc).year == 1970 and dt.datetime(1, 1, 1) < d
    assert (
        dt.datetime.fromtimestamp(2**33, dt.timezone.utc).year == 2242
        and dt.datetime.fromtimestamp(-(10**9), dt.timezone.utc).year == 1938
    )


def test_zones():
    z = zoneinfo.ZoneInfo("Europe/Berlin")
    assert (
        dt.datetime(2024, 7, 1, tzinfo=z).utcoffset() == dt.timedelta(hours=2)
        and dt.datetime(2024, 1, 1, tzinfo=z).tzname() == "CET"
    )
    a = dt.datetime(2024, 10, 27, 2, 30, tzinfo=z)
    assert a.utcoffset() != a.replace(fold=1).utcoffset()
    with pytest.raises(zoneinfo.ZoneInfoNotFoundError):
        zoneinfo.ZoneInfo("No/Where")
    assert "America/New_York" in zoneinfo.available_timezones() and str(z) == "Europe/Berlin"


def test_time():
    assert time.gmtime(0)[:6] == (1970, 1, 1, 0, 0, 0) and time.mktime(time.localtime(10**9)) == 10**9
    assert time.strftime("%Y", time.gmtime(0)) == "1970" and time.strptime("2024", "%Y").tm_year == 2024
    a = time.monotonic()
    assert time.monotonic() >= a and time.perf_counter() >= 0 and time.time() > 1.6e9
    assert (
        time.get_clock_info("monotonic").monotonic
        and isinstance(time.time_ns(), int)
        and time.asctime(time.gmtime(0)) == "Thu Jan  1 00:00:00 1970"
    )


def test_itertools():
    assert list(itertools.islice(itertools.count(10**12, 10), 3)) == [10**12, 10**12 + 10, 10**12 + 20]
    assert (
        list(itertools.batched("abcde", 2)) == [("a", "b"), ("c", "d"), ("e",)] if sys.version_info >= (3, 12) else True
    )
    assert (
        heapq.nsmallest(2, [3, 1, 2]) == [1, 2]
        and bisect.bisect([1, 3], 2) == 1
        and operator.itemgetter(1)("ab") == "b"
    )
    r = range(0, 10**9, 3)
    assert r[100] == 300 and 999999 in r and len(r) == 333333334
