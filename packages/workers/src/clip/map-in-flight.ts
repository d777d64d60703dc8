/** Runs `run` for every item, at most so many at once. The first error ends it: no further items are begun. */
export async function mapInFlight<Item, Result>(
  items: readonly Item[],
  most: number,
  run: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = items.entries();
  const work = async () => {
    // All lanes take from one iterator.
    for (const [at, item] of waiting) results[at] = await run(item, at);
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, work));
  return results;
}
