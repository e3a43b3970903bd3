def handlers(names):
    return {name: (lambda event, name=name: f"{name}:{event}") for name in names}


def adders(numbers):
    made = []
    for number in numbers:
        made.append(lambda value, number=number: value + number)
    return made
