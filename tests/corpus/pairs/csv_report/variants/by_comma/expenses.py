from decimal import Decimal


def totals(text):
    sums = {}
    for line in text.splitlines()[1:]:
        who, amount = line.split(",")
        sums[who] = sums.get(who, Decimal(0)) + Decimal(amount)
    return sums


def render(sums):
    return "who,amount\n" + "".join(f"{who},{amount}\n" for who, amount in sorted(sums.items()))
