from math import gcd


class Fraction:
    __slots__ = ("top", "bottom")

    def __init__(self, top, bottom=1):
        if bottom == 0:
            raise ZeroDivisionError(f"Fraction({top}, 0)")
        sign = -1 if bottom < 0 else 1
        divisor = gcd(top, bottom) * sign
        self.top, self.bottom = top // divisor, bottom // divisor

    @classmethod
    def parse(cls, text):
        top, slash, bottom = text.partition("/")
        return cls(int(top), int(bottom) if slash else 1)

    def __add__(self, other):
        other = _fraction(other)
        return Fraction(self.top * other.bottom + other.top * self.bottom, self.bottom * other.bottom)

    __radd__ = __add__

    def __neg__(self):
        return Fraction(-self.top, self.bottom)

    def __sub__(self, other):
        return self + -_fraction(other)

    def __mul__(self, other):
        other = _fraction(other)
        return Fraction(self.top * other.top, self.bottom * other.bottom)

    def __truediv__(self, other):
        other = _fraction(other)
        return Fraction(self.top * other.bottom, self.bottom * other.top)

    def __eq__(self, other):
        if not isinstance(other, (Fraction, int)):
            return NotImplemented
        other = _fraction(other)
        return (self.top, self.bottom) == (other.top, other.bottom)

    def __lt__(self, other):
        other = _fraction(other)
        return self.top * other.bottom < other.top * self.bottom

    def __hash__(self):
        return hash((self.top, self.bottom))

    def __repr__(self):
        return f"Fraction({self.top}, {self.bottom})"


def _fraction(value):
    return value if isinstance(value, Fraction) else Fraction(value)
