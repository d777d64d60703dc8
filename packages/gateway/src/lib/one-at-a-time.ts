/** Runs asynchronous pieces of work one after another, in the order in which they were asked for. */
export function createOneAtATime() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    // The next one begins however this one ended.
    last = mine.catch(() => {});
    return mine;
  };
}
