from .core import lazy, literal, pattern, separated

space = pattern(r"\s*")


def token(words):
    return literal(words) << space


value = lazy(lambda: document)
string = (pattern(r'"[^"]*"', "a string") << space) >> (lambda text: text[1:-1])
number = (pattern(r"-?\d+(\.\d+)?", "a number") << space) >> (lambda text: float(text) if "." in text else int(text))
constant = (token("true") >> (lambda _: True)) | (token("false") >> (lambda _: False)) | (token("null") >> (lambda _: None))
array = (token("[") + separated(value, token(",")) + token("]")) >> (lambda _, items, __: items)
pair = (string + token(":") + value) >> (lambda key, _, item: (key, item))
pairs = separated(pair >> (lambda *it: list(it)), token(","))
table = (token("{") + pairs + token("}")) >> (lambda _, items, __: dict(items))
document = string | number | constant | array | table
