def handlers(names):
    return {name: (lambda event: f"{name}:{event}") for name in names}


def adders(numbers):
    made = []
    for number in numbers:
        made.append(lambda value: value + number)
    return made
