from ..errors import OutOfStock


def fulfil(order, stock):
    taken, missing = {}, {}
    for name, count in order.items():
        try:
            stock.take(name, count)
            taken[name] = count
        except OutOfStock as error:
            missing[name] = error.missing
    return taken, missing
