from company.shared.money import cents


def invoice(items):
    return sum(cents(item) for item in items)
