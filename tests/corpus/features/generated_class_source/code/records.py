"""Classes written as source text and compiled, as `collections.namedtuple` once did."""


def record(name, fields):
    names = fields.split()
    lines = [f"class {name}:", f"    __slots__ = {tuple(names)!r}", f"    def __init__(self, {', '.join(names)}):"]
    lines += [f"        self.{field} = {field}" for field in names]
    lines += ["    def __eq__(self, other):"]
    lines += ["        return " + " and ".join(f"self.{field} == other.{field}" for field in names)]
    namespace = {"__name__": f"record_{name}"}
    exec("\n".join(lines), namespace)
    return namespace[name]
