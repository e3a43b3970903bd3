import sys
import types

SOURCE = "def greet(name):\n    return f'{GREETING} {name}'\n"


def make_module(name, greeting):
    module = types.ModuleType(name, "made at run time")
    module.GREETING = greeting
    exec(compile(SOURCE, f"<{name}>", "exec"), module.__dict__)
    sys.modules[name] = module
    return module


make_module("greetings_en", "Hello")
make_module("greetings_fr", "Bonjour")
