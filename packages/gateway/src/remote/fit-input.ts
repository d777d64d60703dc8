import { fieldsToMove } from '../jobs/large-values/url-fields.ts';
import { parseReference } from '../jobs/large-values/value-reference.ts';

/**
 * How an input that is too large for RunPod travels all the same: the largest texts of the fields that the endpoint
 * declares (`urlFields`) leave it and go as URLs. Pure.
 */
export type InputPlan =
  | { readonly type: 'fits' }
  /** These fields go as URLs, the largest first. */
  | { readonly type: 'moves'; readonly fields: readonly string[] }
  /** `why` is a clause. */
  | { readonly type: 'too-large'; readonly why: string };

const MIB = 1024 * 1024;

export function planInput(input: string, urlFields: readonly string[], limitBytes: number): InputPlan {
  const kept = parseReference(input);
  const bytes = kept?.sizeBytes ?? Buffer.byteLength(input);
  if (bytes <= limitBytes) return { type: 'fits' };
  const size = `its input of ${(bytes / MIB).toFixed(1)} MiB is over RunPod's limit of 10 MiB`;
  if (urlFields.length === 0)
    return {
      type: 'too-large',
      why: `${size}, and the endpoint declares no \`urlFields\` that could go as URLs`,
    };
  // Which of its fields could go is seen once it is read.
  if (kept) return { type: 'fits' };
  const { fields, leftBytes } = fieldsToMove(input, urlFields, limitBytes);
  if (leftBytes <= limitBytes) return { type: 'moves', fields };
  const names = urlFields.map((field) => `\`${field}\``).join(', ');
  return { type: 'too-large', why: `${size}, also without the texts of ${names}` };
}
