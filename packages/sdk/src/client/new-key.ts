/** 128 bits in hex; from the injected randomness, since browsers without https have no `crypto.randomUUID`. */
export function newKey(random: () => number): string {
  const part = () =>
    Math.floor(random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0');
  return part() + part() + part() + part();
}
