import type { StorageView } from '@spillway/sdk/client';
import { bytesText } from '../text.ts';

/** `this key keeps 3 artifacts, 1.2 GB of 50.0 GB; in all 12, 40.1 GB of 500.0 GB`. */
export function usageText({ own, all, quota }: StorageView): string {
  const count = (number: number) => `${number} artifact${number === 1 ? '' : 's'}`;
  const of = (limit: number | undefined) => (limit === undefined ? '' : ` of ${bytesText(limit)}`);
  const mine = `this key keeps ${count(own.artifacts)}, ${bytesText(own.bytes)}${of(quota.perKeyBytes)}`;
  if (!all) return mine;
  return `${mine}; in all ${count(all.artifacts)}, ${bytesText(all.bytes)}${of(quota.totalBytes)}`;
}
