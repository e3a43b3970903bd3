def lcs(first, second):
    found = ""
    for start in range(len(first)):
        for end in range(start, len(first) + 1):
            if first[start:end] in second and end - start > len(found):
                found = first[start:end]
    return found
