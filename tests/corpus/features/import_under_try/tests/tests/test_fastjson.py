import fastjson


def test_keys_are_sorted():
    assert fastjson.dumps({"b": 1, "a": [True, None]}) == '{"a":[true,null],"b":1}'


def test_backend_is_the_standard_one():
    assert fastjson.backend() == "json"
