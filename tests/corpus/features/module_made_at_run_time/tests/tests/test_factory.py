import importlib

import factory
import greetings_en
from greetings_fr import greet


def test_module_is_importable():
    assert greetings_en.greet("Ann") == "Hello Ann"


def test_names_are_importable():
    assert greet("Ann") == "Bonjour Ann"


def test_new_module_by_name():
    factory.make_module("greetings_de", "Hallo")
    assert importlib.import_module("greetings_de").greet("Ann") == "Hallo Ann"
