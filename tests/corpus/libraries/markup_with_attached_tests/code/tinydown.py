"""Markup: `*bold*`, `_italic_`, `` `code` ``, `[words](address)`, headings, lists and paragraphs."""

import html
import re

_INLINE = re.compile(r"`(?P<code>[^`]+)`|\*(?P<bold>[^*]+)\*|_(?P<italic>[^_]+)_|\[(?P<words>[^\]]*)\]\((?P<url>[^)\s]*)\)")


def render(text):
    return "\n".join(_block(block) for block in re.split(r"\n\s*\n", text.strip("\n")) if block.strip())


def _block(block):
    heading = re.match(r"(#{1,3}) +(.*)", block)
    if heading:
        level = len(heading[1])
        return f"<h{level}>{inline(heading[2].strip())}</h{level}>"
    lines = block.split("\n")
    if all(line.startswith("- ") for line in lines):
        return "<ul>" + "".join(f"<li>{inline(line[2:])}</li>" for line in lines) + "</ul>"
    return f"<p>{inline(block)}</p>"


def inline(text):
    out, place = [], 0
    for found in _INLINE.finditer(text):
        out.append(html.escape(text[place : found.start()], quote=False))
        out.append(_span(found))
        place = found.end()
    return "".join(out) + html.escape(text[place:], quote=False)


def _span(found):
    if found["code"] is not None:
        return f"<code>{html.escape(found['code'], quote=False)}</code>"
    if found["bold"] is not None:
        return f"<b>{inline(found['bold'])}</b>"
    if found["italic"] is not None:
        return f"<i>{inline(found['italic'])}</i>"
    return f'<a href="{html.escape(found["url"])}">{inline(found["words"])}</a>'
