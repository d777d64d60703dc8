import path from 'node:path';

/** Names without endings; a second `wall` is `wall-2`, so that no result takes the place of another. */
export function uniqueNames(labels: readonly string[]): string[] {
  const taken = new Set<string>();
  return labels.map((label) => {
    const stem = path.parse(label).name || 'result';
    let name = stem;
    for (let number = 2; taken.has(name.toLowerCase()); number += 1) name = `${stem}-${number}`;
    taken.add(name.toLowerCase());
    return name;
  });
}
