import csv
import io
from decimal import Decimal


def totals(text):
    sums = {}
    for row in csv.DictReader(io.StringIO(text)):
        sums[row["who"]] = sums.get(row["who"], Decimal(0)) + Decimal(row["amount"])
    return sums


def render(sums):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["who", "amount"])
    writer.writerows(sorted(sums.items()))
    return out.getvalue()
