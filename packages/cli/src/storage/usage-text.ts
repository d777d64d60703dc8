import type { StorageView } from '@spillway/sdk/client';
import { bytesText } from '../text.ts';

/** `this key keeps 3 artifacts and 1 large value of jobs, 1.2 GB of 50.0 GB; in all 12 artifacts, 40.1 GB of 500.0 GB`. */
export function usageText({ own, all, quota }: StorageView): string {
  const plural = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
  const count = ({ artifacts, values }: StorageView['own']) =>
    plural(artifacts, 'artifact') + (values === 0 ? '' : ` and ${plural(values, 'large value')} of jobs`);
  const of = (limit: number | undefined) => (limit === undefined ? '' : ` of ${bytesText(limit)}`);
  const mine = `this key keeps ${count(own)}, ${bytesText(own.bytes)}${of(quota.perKeyBytes)}`;
  if (!all) return mine;
  return `${mine}; in all ${count(all)}, ${bytesText(all.bytes)}${of(quota.totalBytes)}`;
}
