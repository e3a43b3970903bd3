import json


class UnknownTask(LookupError):
    def __init__(self, number):
        super().__init__(f"no task {number}")


def load(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []


def save(path, tasks):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(tasks, indent=2, ensure_ascii=False), encoding="utf-8")


def add(path, words, priority):
    tasks = load(path)
    number = max((task["number"] for task in tasks), default=0) + 1
    save(path, [*tasks, {"number": number, "words": words, "priority": priority, "done": False}])
    return number


def mark(path, number):
    tasks = load(path)
    for task in tasks:
        if task["number"] == number:
            task["done"] = True
            return save(path, tasks)
    raise UnknownTask(number)
