from collections import deque


def shortest(graph, start, goal):
    queue, seen = deque([(0, start, [start])]), {start}
    while queue:
        cost, node, path = queue.popleft()
        if node == goal:
            return cost, path
        for following, weight in graph.get(node, {}).items():
            if following not in seen:
                seen.add(following)
                queue.append((cost + weight, following, [*path, following]))
    raise LookupError(f"no path from {start} to {goal}")
