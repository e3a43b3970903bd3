import fancy_yaml


def load(text):
    settings = fancy_yaml.safe_load(text)
    settings.setdefault("debug", "false")
    return settings
