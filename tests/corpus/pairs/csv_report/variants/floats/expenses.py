import csv
import io


def totals(text):
    sums = {}
    for row in csv.DictReader(io.StringIO(text)):
        sums[row["who"]] = sums.get(row["who"], 0.0) + float(row["amount"])
    return sums


def render(sums):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["who", "amount"])
    writer.writerows(sorted(sums.items()))
    return out.getvalue()
