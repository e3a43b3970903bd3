from functools import lru_cache


def lcs(first, second):
    @lru_cache(maxsize=None)
    def best(i, j):
        if i == len(first) or j == len(second):
            return ""
        if first[i] == second[j]:
            return first[i] + best(i + 1, j + 1)
        return max(best(i + 1, j), best(i, j + 1), key=len)

    return best(0, 0)
