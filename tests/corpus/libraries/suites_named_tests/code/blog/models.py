import re
from dataclasses import dataclass, field


@dataclass(order=True)
class Post:
    title: str
    body: str = ""
    tags: set = field(default_factory=set, compare=False)

    @property
    def slug(self):
        return re.sub(r"\W+", "-", self.title.lower()).strip("-")

    def summary(self, words=5):
        parts = self.body.split()
        return " ".join(parts[:words]) + ("…" if len(parts) > words else "")
