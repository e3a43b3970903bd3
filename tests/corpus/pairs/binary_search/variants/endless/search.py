def find(items, wanted):
    low, high = 0, len(items)
    for _ in range(10_000):
        if low >= high:
            break
        middle = (low + high) // 2
        if items[middle] < wanted:
            low = middle
        else:
            high = middle
    else:
        raise RuntimeError("does not end")
    return low if low < len(items) and items[low] == wanted else -1
