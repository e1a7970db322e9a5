/** Who names whom; every node that is named should be a key, others are taken for leaves. */
export type Graph = ReadonlyMap<string, readonly string[]>;

/**
 * The cycles of a graph, each once, as the nodes on the way round (the first is not repeated).
 *
 * A node is unseen, open (on the present way) or closed; meeting an open node closes a cycle. One cycle is found for
 * each edge that leads back, which is enough to fail and to say what to cut.
 */
export function cyclesOf(graph: Graph): readonly (readonly string[])[] {
  const cycles: string[][] = [];
  const closed = new Set<string>();
  const way: string[] = [];
  const visit = (node: string): void => {
    const open = way.indexOf(node);
    if (open >= 0) cycles.push(way.slice(open));
    if (open >= 0 || closed.has(node)) return;
    way.push(node);
    for (const next of graph.get(node) ?? []) visit(next);
    way.pop();
    closed.add(node);
  };
  for (const node of graph.keys()) visit(node);
  return cycles;
}
