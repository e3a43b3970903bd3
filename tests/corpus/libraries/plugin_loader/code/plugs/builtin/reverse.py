from plugs_base import Base


class Reverse(Base):
    name = "reverse"

    def apply(self, text):
        return text[::-1]
