import re
from collections import Counter


def top_words(text, count):
    words = Counter(re.findall(r"[a-z']+", text.lower()))
    return sorted(words.items(), key=lambda item: (-item[1], item[0]))[:count]
