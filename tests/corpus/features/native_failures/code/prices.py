def discount(price, percent):
    return price - price * percent // 100


def parse(text):
    return int(text.strip("€"))
