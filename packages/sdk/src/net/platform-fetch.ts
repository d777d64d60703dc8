/** In place of `fetch-soundly.ts` wherever Node is not: browsers read what servers sent before they hung up. */
export const fetchSoundly: typeof fetch = (input, init) => fetch(input, init);
