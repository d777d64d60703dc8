/** A graphics card that workers may be put on: a whole one, or a part of one that MIG has cut off. */
export interface Card {
  /** UUID, by which CUDA and container engines know it: `GPU-…`, or `MIG-…` for a part. */
  readonly id: string;
  /** Number that nvidia-smi gives the whole card, in the order of the PCI bus. */
  readonly index: number;
  readonly name: string;
  readonly totalBytes: number;
  /** What all programs on it took when it was looked at. Absent where the driver doesn't tell, as for a part of a card. */
  readonly usedBytes?: number;
  /** Which part of the card, for MIG: its profile, such as `1g.24gb`. */
  readonly part?: string;
}

/** What one look at the machine's cards brought. */
export interface CardReading {
  readonly readAt: number;
  readonly cards: readonly Card[];
  readonly driverVersion?: string;
  /** Why there are none, or why they couldn't be looked at this time, as a clause. */
  readonly problem?: string;
}

/** How a card is called in sentences: `GPU 0 (NVIDIA RTX A5000)`. */
export function cardText({ index, name, part }: Pick<Card, 'index' | 'name' | 'part'>): string {
  return `GPU ${index} (${name}${part === undefined ? '' : `, part ${part}`})`;
}

/**
 * The cards that a CUDA program would see under `CUDA_VISIBLE_DEVICES`, in its order. As CUDA does, the list is read up to
 * the first entry that fits no card. CUDA may count cards of different kinds in another order than nvidia-smi (fastest
 * first), so numbers are exact only with `CUDA_DEVICE_ORDER=PCI_BUS_ID`, or where all cards are alike; UUIDs always are.
 */
export function visibleCards(cards: readonly Card[], visibleDevices: string | undefined): readonly Card[] {
  if (visibleDevices === undefined) return cards;
  const visible: Card[] = [];
  for (const entry of visibleDevices.split(',').map((text) => text.trim())) {
    const found = cards.filter((card) => isMeant(card, entry));
    const [first] = found;
    // A beginning of a UUID names a card only while no other begins alike.
    if (!first || (found.length > 1 && !/^\d+$/.test(entry))) break;
    if (!visible.includes(first)) visible.push(first);
  }
  return visible;
}

function isMeant({ id, index }: Card, entry: string): boolean {
  if (/^\d+$/.test(entry)) return index === Number(entry);
  return /^(GPU|MIG)-/.test(entry) && id.startsWith(entry);
}
