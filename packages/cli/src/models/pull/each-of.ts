/**
 * Runs `work` on every item, some at once. After the first failure nothing is begun any more; it is thrown once all that
 * was begun has ended.
 */
export async function eachOf<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
  onFailure: (error: unknown) => void,
): Promise<void> {
  const waiting = [...items];
  const failures: unknown[] = [];
  const runLane = async () => {
    for (let item = waiting.shift(); item !== undefined && failures.length === 0; item = waiting.shift()) {
      try {
        await work(item);
      } catch (error) {
        if (failures.length === 0) onFailure(error);
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, runLane));
  if (failures.length > 0) throw failures[0];
}
