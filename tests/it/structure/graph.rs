//! Cycles in a graph of names.

use std::collections::{BTreeMap, BTreeSet};

/// For each node the nodes it points to, with the reason.
pub type Graph = BTreeMap<String, BTreeMap<String, String>>;

/// A shortest cycle through each node that is on one, as lines of `from -> to (reason)`. A cycle of nodes that are all in
/// cycles found before is left out.
pub fn cycles(graph: &Graph) -> Vec<String> {
    let mut reported = BTreeSet::new();
    let mut found = Vec::new();
    for start in graph.keys() {
        let Some(cycle) = shortest_cycle(graph, start) else { continue };
        if cycle.iter().all(|node| reported.contains(node)) {
            continue;
        }
        let next = cycle.iter().cycle().skip(1);
        let lines = cycle.iter().zip(next).map(|(from, to)| format!("  {from} -> {to} ({})\n", graph[from][to]));
        found.push(lines.collect());
        reported.extend(cycle);
    }
    found
}

/// The nodes of the shortest cycle through a node, which comes first.
fn shortest_cycle(graph: &Graph, start: &String) -> Option<Vec<String>> {
    let mut before: BTreeMap<&String, &String> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for next in graph.get(node).into_iter().flat_map(BTreeMap::keys) {
            if next == start {
                let mut cycle = vec![node.clone()];
                let mut at = node;
                while let Some(previous) = before.get(at) {
                    cycle.push((*previous).clone());
                    at = previous;
                }
                cycle.reverse();
                return Some(cycle);
            }
            if !before.contains_key(next) {
                before.insert(next, node);
                queue.push_back(next);
            }
        }
    }
    None
}
