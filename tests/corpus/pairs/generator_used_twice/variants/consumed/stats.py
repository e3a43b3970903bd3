def normalise(values):
    total = sum(values)
    if not total:
        raise ValueError("the values have no sum")
    return [value / total for value in values]
