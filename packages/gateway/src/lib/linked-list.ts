/** What stands in a list and knows its own neighbours, so that it leaves without being looked for. */
export interface Linked<Item> {
  before: Item | undefined;
  after: Item | undefined;
}

export interface LinkedList<Item> {
  first: Item | undefined;
  last: Item | undefined;
}

/** Puts an item behind another one of the list; without one, at its head. */
export function insertBehind<Item extends Linked<Item>>(
  list: LinkedList<Item>,
  before: Item | undefined,
  item: Item,
): void {
  const after = before ? before.after : list.first;
  item.before = before;
  item.after = after;
  if (before) before.after = item;
  else list.first = item;
  if (after) after.before = item;
  else list.last = item;
}

/** Nothing of the others hangs on the item afterwards. */
export function takeOut<Item extends Linked<Item>>(list: LinkedList<Item>, item: Item): void {
  const { before, after } = item;
  if (before) before.after = after;
  else list.first = after;
  if (after) after.before = before;
  else list.last = before;
  item.before = undefined;
  item.after = undefined;
}
