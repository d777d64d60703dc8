import { z } from 'zod';
import type { ArtifactLimits } from '../artifacts/artifacts.ts';
import { size } from './container-fields.ts';
import { duration, hints } from './fields.ts';

const KEPT = { min: '1h', max: '365d' } as const;

/** How long artifacts are kept, and how many of them. */
export const artifactsField = z
  .strictObject({
    retention: z
      .strictObject({
        uploads: duration(KEPT, '7d', 'What users upload, from its completion.'),
        results: duration(KEPT, '30d', 'What jobs make.'),
        status: duration(KEPT, '30d', 'How jobs stand.'),
      })
      .prefault({})
      .describe('How long they are kept, by the first part of their keys.'),
    quota: z
      .strictObject({
        total: size('500g', 'All together; absent means no bound.').optional(),
        perKey: size('50g', 'Those of one key, its upload tokens included.').optional(),
        perEndpoint: size(
          '200g',
          "Those that one endpoint's workers keep, such as results of videos.",
        ).optional(),
        perArtifact: size('20g', 'One of them.').optional(),
      })
      .prefault({})
      .describe('How many bytes are kept.'),
  })
  .prefault({})
  .describe('Files of any size beside jobs.');

export function toArtifactLimits({ retention, quota }: z.output<typeof artifactsField>): ArtifactLimits {
  const { total, perKey, perEndpoint, perArtifact } = quota;
  return {
    retentionMs: retention,
    quota: {
      ...(total === undefined ? {} : { totalBytes: total }),
      ...(perKey === undefined ? {} : { perKeyBytes: perKey }),
      ...(perEndpoint === undefined ? {} : { perEndpointBytes: perEndpoint }),
      ...(perArtifact === undefined ? {} : { perArtifactBytes: perArtifact }),
    },
  };
}

/** Whose pages may call from a browser. */
export const corsField = z
  .strictObject({
    origins: z
      .array(
        z
          .string()
          .refine(isOrigin)
          .register(hints, {
            expected: 'an origin as browsers send it: scheme, host and port, without a path',
            fix: (found) => `write \`${originOf(found) ?? 'https://app.example.com'}\``,
          }),
      )
      .prefault([])
      .describe('Origins of pages that may call, each written out.'),
  })
  .prefault({})
  .describe('Pages from elsewhere that may call `/v1` and `/v2` from a browser.');

function isOrigin(text: string): boolean {
  return originOf(text) === text;
}

function originOf(found: unknown): string | undefined {
  if (typeof found !== 'string' || !URL.canParse(found)) return undefined;
  const { origin, protocol } = new URL(found);
  return /^https?:$/.test(protocol) ? origin : undefined;
}
