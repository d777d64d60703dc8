// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the file's own syntax
import { fileURLToPath } from 'node:url';
import { parseConfig } from '@spillway/gateway/config';
import type { RunpodEndpoint } from '@spillway/sdk/runpod';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toDesired } from './desired.ts';
import { entryName, toEntry, withEntry } from './import-endpoint.ts';
import { planDeploy } from './plan-deploy.ts';
import { variablesFilledIn } from './yaml-file.ts';

/** Endpoints as the service shows them. */
const endpoint: fc.Arbitrary<RunpodEndpoint> = fc
  .record(
    {
      name: fc.constantFrom('clip', 'My Endpoint', 'spillway-clip -fb'),
      type: fc.constantFrom('QUEUE' as const, 'LOAD_BALANCER' as const),
      isCpu: fc.boolean(),
      countsRequests: fc.boolean(),
      env: fc.dictionary(
        fc.constantFrom('LOG', 'HF_TOKEN', 'PORT', 'VERSION'),
        fc.constantFrom('', '1.10', 'true', 'a: b # c', '${HOME}', '{{ RUNPOD_SECRET_hf }}', '- x', "it's"),
        { noNullPrototype: true },
      ),
      args: fc.constantFrom('', 'python -u handler.py --name "a b"'),
      disk: fc.integer({ min: 1, max: 80 }),
      ports: fc.constantFrom([], ['8000/http'], ['80/http', '22/tcp']),
      registry: fc.constantFrom(null, 'reg1'),
      dataCenterIds: fc.constantFrom([], ['EU-RO-1', 'US-KS-2']),
      networkVolumes: fc.constantFrom([], ['abc123']),
      queueDelay: fc.constantFrom(0.5, 1.5, 4, 60),
      limits: fc.record({
        min: fc.nat(3),
        max: fc.integer({ min: 3, max: 9 }),
        idle: fc.integer({ min: 1, max: 3600 }),
      }),
      timeout: fc.constantFrom(5000, 300_000, 3_600_500),
      flashboot: fc.constantFrom('OFF' as const, 'FLASHBOOT' as const, 'PRIORITY_FLASHBOOT' as const),
      excludedTypes: fc.constantFrom([], ['NVIDIA L4']),
      minCudaVersion: fc.constantFrom(null, '12.4'),
    },
    { noNullPrototype: true },
  )
  .map(({ isCpu, countsRequests, queueDelay, limits, excludedTypes, minCudaVersion, ...rest }) => {
    const isCounted = countsRequests || rest.type === 'LOAD_BALANCER';
    const { min, max, idle: idleTimeout } = limits;
    return {
      ...{ ...rest, id: 'ep1', image: 'acme/clip:1', createdAt: '2026-11-01T00:00:00Z' },
      scaling: isCounted
        ? { type: 'REQUEST_COUNT' as const, requestCount: 2 }
        : { type: 'QUEUE_DELAY' as const, queueDelay },
      workers: isCounted && rest.type === 'QUEUE' ? { min, max } : { min, max, idleTimeout },
      ...(isCpu
        ? { cpu: [{ id: 'cpu5c', vcpuCount: 4, memory: 8 }] }
        : {
            gpu: {
              pools: ['ADA_24', 'AMPERE_24'],
              count: 2,
              excludedTypes,
              allowedCudaVersions: [],
              minCudaVersion,
            },
          }),
    };
  });

test('whatever endpoint is imported, its entry is a good configuration, and a deployment of it changes nothing', () => {
  fc.assert(
    fc.property(endpoint, (found) => {
      const name = entryName(found.name);
      const text = withEntry('# mine\nlisten: 127.0.0.1:9000\n', name, toEntry(found).entry) ?? '';
      expect(text).toMatch(/^# mine\nlisten: 127\.0\.0\.1:9000\nendpoints:\n/);
      const env = { RUNPOD_API_KEY: 'rpa_x', ...found.env };
      const path = fileURLToPath(new URL('spillway.yaml', import.meta.url));
      const result = parseConfig(text, { env, builtInWorkers: {}, path });
      if (!result.ok) throw new Error(JSON.stringify(result.problems));
      const [parsed] = result.config.endpoints;
      if (!parsed?.deploy) throw new Error('the entry has no `deploy`');
      const wanted = toDesired(parsed, parsed.deploy, {
        filledIn: variablesFilledIn(text, ['endpoints', name, 'env']),
        ...{ hidden: new Set(), need: undefined, fittingPools: () => [] },
      });
      if (!wanted.ok) throw new Error(wanted.problems.join('\n'));
      expect(planDeploy(wanted.desired, { endpoint: found, volumes: [] })).toEqual({
        steps: [],
        refusals: [],
      });
      const token = found.env?.HF_TOKEN ?? '';
      if (token !== '' && !token.startsWith('{{')) {
        expect(parsed.deploy.env.HF_TOKEN).toBe(token);
        expect(text).toMatch(/HF_TOKEN: ["']?\$\{HF_TOKEN\}/);
      }
    }),
    { numRuns: 200 },
  );
});
