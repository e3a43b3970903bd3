from types import SimpleNamespace

import pytest

from moustachio import Safe, Template, TemplateError


@pytest.mark.parametrize(
    "source, context, text",
    [
        ("plain", {}, "plain"),
        ("", {}, ""),
        ("{{ name }}", {"name": "Ann"}, "Ann"),
        ("{{name}}!", {"name": 3}, "3!"),
        ("{{ a.b.c }}", {"a": {"b": SimpleNamespace(c="deep")}}, "deep"),
        ("{{ f }}", {"f": lambda: "called"}, "called"),
        ("{{ x }}", {"x": "<b>&'"}, "&lt;b&gt;&amp;&#x27;"),
        ("{{ x|safe }}", {"x": "<b>"}, "<b>"),
        ("{{ x | upper | title }}", {"x": "some words"}, "Some Words"),
        ("{{ x|length }}", {"x": [1, 2, 3]}, "3"),
        ("a{# not shown\nat all #}b", {}, "ab"),
        ("{% for x in xs %}<{{ x }}>{% end %}", {"xs": "abc"}, "<a><b><c>"),
        ("{% for x in xs %}{% for y in ys %}{{ x }}{{ y }} {% end %}{% end %}", {"xs": "ab", "ys": "12"}, "a1 a2 b1 b2 "),
        ("{% if x %}yes{% else %}no{% end %}", {"x": []}, "no"),
        ("{% if not x %}none{% end %}", {"x": 0}, "none"),
        ("{% for x in xs %}{% end %}", {"xs": [1]}, ""),
    ],
    ids=range(16),
)
def test_render(source, context, text):
    assert Template(source).render(context) == text


@pytest.mark.parametrize(
    "source, words",
    [
        ("{% for x of y %}", "unexpected {% for x of y %} (line 1)"),
        ("a\n\n{% if x %}", "no end of if (line 3)"),
        ("{% end %}", "unexpected {% end %} (line 1)"),
        ("{{ 1 + 1 }}", "not a name: '1 + 1' (line 1)"),
        ("\n{{ x|nothing }}", "no filter 'nothing' (line 2)"),
        ("{% for x in xs %}{% else %}{% end %}", "unexpected {% else %} (line 1)"),
    ],
)
def test_mistakes_in_templates(source, words):
    with pytest.raises(TemplateError) as caught:
        Template(source)
    assert str(caught.value) == words


def test_missing_value():
    with pytest.raises(TemplateError, match=r"no value for 'a\.b' \(line 2\)"):
        Template("\n{{ a.b }}").render(a={})


def test_own_filters():
    assert Template("{{ x|twice }}", {"twice": lambda it: it * 2}).render(x="ab") == "abab"


def test_safe_is_text():
    assert Safe("<") == "<" and isinstance(Safe("<"), str)


def test_loop_variable_stays_inside():
    with pytest.raises(TemplateError, match="no value for 'x'"):
        Template("{% for x in xs %}{% end %}{{ x }}").render(xs=[])


def test_template_is_used_again():
    template = Template("{% for x in xs %}{{ x }}{% end %}")
    assert [template.render(xs=range(n)) for n in (1, 3)] == ["0", "012"]


def test_large_template():
    source = "{% for x in xs %}{{ x }}\n{% end %}" * 50
    assert len(Template(source).render(xs=range(100)).splitlines()) == 5000
