"""Templates: `{{ name.attribute|filter }}`, `{% for x in items %}`, `{% if test %}…{% else %}…{% end %}`."""

import html
import re

_TOKEN = re.compile(r"({{.*?}}|{%.*?%}|{#.*?#})", re.DOTALL)


class TemplateError(Exception):
    def __init__(self, words, line):
        super().__init__(f"{words} (line {line})")
        self.line = line


class Safe(str):
    def __html__(self):
        return self


FILTERS = {"upper": str.upper, "title": str.title, "safe": Safe, "length": len, "join": ", ".join}


class Template:
    def __init__(self, source, filters=None):
        self.filters = {**FILTERS, **(filters or {})}
        self.lines = []
        self._compile(source)

    def render(self, context=None, /, **names):
        return "".join(self._render({**(context or {}), **names}))

    def _compile(self, source):
        code, depth, line = ["def render(context):"], 1, 1
        open_blocks = []

        def add(text):
            code.append("    " * depth + text)

        for token in _TOKEN.split(source):
            if token.startswith("{{"):
                add(f"yield self._text({self._expression(token[2:-2].strip(), line)})")
            elif token.startswith("{%"):
                words = token[2:-2].split()
                if words[0] == "for" and len(words) == 4 and words[2] == "in":
                    add(f"for item in {self._expression(words[3], line)}:")
                    depth += 1
                    add(f"context = {{**context, {words[1]!r}: item}}")
                    open_blocks.append(("for", line))
                elif words[0] == "if" and len(words) > 1:
                    inverted = words[1] == "not"
                    add(f"if {'not ' * inverted}({self._expression(words[-1], line)}):")
                    depth += 1
                    add("pass")
                    open_blocks.append(("if", line))
                elif words == ["else"] and open_blocks and open_blocks[-1][0] == "if":
                    depth -= 1
                    add("else:")
                    depth += 1
                    add("pass")
                elif words == ["end"] and open_blocks:
                    open_blocks.pop()
                    depth -= 1
                else:
                    raise TemplateError(f"unexpected {token}", line)
            elif token and not token.startswith("{#"):
                add(f"yield {token!r}")
            line += token.count("\n")
        if open_blocks:
            raise TemplateError(f"no end of {open_blocks[-1][0]}", open_blocks[-1][1])
        add("return")
        add("yield")
        namespace = {"self": self}
        exec(compile("\n".join(code), "<template>", "exec"), namespace)
        self._render = namespace["render"]

    def _expression(self, text, line):
        path, *filters = [part.strip() for part in text.split("|")]
        if not re.fullmatch(r"[A-Za-z_][\w.]*", path):
            raise TemplateError(f"not a name: {path!r}", line)
        code = f"self._look_up(context, {path.split('.')!r}, {line})"
        for name in filters:
            if name not in self.filters:
                raise TemplateError(f"no filter {name!r}", line)
            code = f"self.filters[{name!r}]({code})"
        return code

    def _look_up(self, context, path, line):
        value = context
        for name in path:
            try:
                value = value[name]
            except (KeyError, TypeError, IndexError):
                try:
                    value = getattr(value, name)
                except AttributeError:
                    raise TemplateError(f"no value for {'.'.join(path)!r}", line) from None
        return value() if callable(value) else value

    def _text(self, value):
        return value.__html__() if hasattr(value, "__html__") else html.escape(str(value))
