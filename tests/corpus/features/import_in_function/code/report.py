"""Totals of orders. Only the export needs a library that most installations lack."""


def total(orders):
    return sum(order["price"] * order["count"] for order in orders)


def export_as_spreadsheet(orders, path):
    import openpyxl

    book = openpyxl.Workbook()
    for order in orders:
        book.active.append([order["price"], order["count"]])
    book.save(path)
