from plugs_base import Base


class Shout(Base):
    name = "shout"

    def apply(self, text):
        return text.upper() + "!"
