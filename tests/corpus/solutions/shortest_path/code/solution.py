import heapq


def shortest(graph, start, goal):
    queue, seen = [(0, start, (start,))], set()
    while queue:
        cost, node, path = heapq.heappop(queue)
        if node == goal:
            return cost, list(path)
        if node in seen:
            continue
        seen.add(node)
        for following, weight in graph.get(node, {}).items():
            heapq.heappush(queue, (cost + weight, following, (*path, following)))
    raise LookupError(f"no path from {start} to {goal}")
