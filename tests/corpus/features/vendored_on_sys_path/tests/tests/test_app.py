import app


def test_permalink():
    assert app.permalink("Hello, World!") == "/posts/hello-world"


def test_vendored_module_is_loaded_from_the_package():
    import tinyslug

    assert tinyslug.__file__.endswith("_vendor/tinyslug.py")
