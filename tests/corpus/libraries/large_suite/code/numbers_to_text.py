def to_base(number, base):
    if not 2 <= base <= 36:
        raise ValueError(base)
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    sign, number = ("-", -number) if number < 0 else ("", number)
    text = ""
    while True:
        number, digit = divmod(number, base)
        text = digits[digit] + text
        if not number:
            return sign + text
