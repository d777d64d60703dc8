// Disjoint sets over the numbers 0..n-1 (union-find). The least member of a set stands for it.

/** n sets of one number each. */
export function createSets(n: number): Int32Array {
  return Int32Array.from({ length: n }, (_, i) => i);
}

/** Makes the sets of a and b one. */
export function joinSets(parent: Int32Array, a: number, b: number): void {
  const rootA = findRoot(parent, a);
  const rootB = findRoot(parent, b);
  if (rootA < rootB) parent[rootB] = rootA;
  else parent[rootA] = rootB;
}

/** The least member of the set of `member`. Halves the path on its way, without recursion. */
export function findRoot(parent: Int32Array, member: number): number {
  let at = member;
  while (parent[at] !== at) {
    const grandparent = parent[parent[at] as number] as number;
    parent[at] = grandparent;
    at = grandparent;
  }
  return at;
}
