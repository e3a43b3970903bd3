import datetime

from ledger import Book, Entry, parse_amount

book = Book([Entry(datetime.date(2024, 3, 1), "assets:cash", parse_amount("12.50"))])
print(book.balance("assets"))
