import pytest

from verify import Invalid, email

NAMES = ["a", "first.last", "with+tag", "o'brien", "x_y", "1234", "a-b", "!#$%", "UPPER", "a.b.c.d"]
DOMAINS = ["example.com", "sub.example.co.uk", "xn--bcher-kva.example", "b\u00fccher.example", "1.example", "a-b.org"]


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("name", NAMES)
def test_valid(name, domain):
    assert email(f"{name}@{domain}") is True


BAD_NAMES = ["", ".a", "a.", "a..b", "a b", "a@b", "a\n", "(a)", "x" * 65]
BAD_DOMAINS = ["", "localhost", "-a.com", "a-.com", "a..com", ".com", "a_b.com", "a b.com", "x" * 64 + ".com", "a.com/"]


@pytest.mark.parametrize("name", BAD_NAMES, ids=repr)
def test_bad_name(name):
    assert isinstance(email(f"{name}@example.com"), Invalid)


@pytest.mark.parametrize("domain", BAD_DOMAINS, ids=repr)
def test_bad_domain(domain):
    assert not email(f"a@{domain}")


@pytest.mark.parametrize("value", [None, 3, b"a@example.com", [], object])
def test_other_types(value):
    with pytest.raises(AttributeError) if not hasattr(value, "rpartition") else pytest.raises(Invalid):
        result = email(value)
        raise result
