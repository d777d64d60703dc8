import type { S3Settings } from '@spillway/artifacts';
import type { Gateway, GatewayConfig } from '@spillway/gateway';
import { fields, style, table } from '../output.ts';
import { bucketText } from '../storage/bucket-context.ts';
import { readVersion } from '../version.ts';
import { type Examples, tryCommand } from './try-command.ts';

export interface BannerParts {
  readonly url: string;
  readonly adminKey: Gateway['adminKey'];
  /** Where artifacts are kept; undefined: in the data directory. */
  readonly bucket: S3Settings | undefined;
  readonly examples: Examples;
}

/** What `spillway up` says when it is ready: where, which endpoints, which key, and what to try. */
export function banner(config: GatewayConfig, { url, adminKey, bucket, examples }: BannerParts): string {
  const lines = [
    `${style('bold', `Spillway ${readVersion()}`)} is ready at ${style('cyan', url)}`,
    '',
    endpointTable(config),
    '',
    fields([
      ['config', config.file ?? 'built-in defaults (no spillway.yaml here)'],
      ['data', config.dataDir],
      ['bucket', bucket && bucketText(bucket)],
      ['key', keyText(adminKey)],
      ['try', tryCommand(config.endpoints, examples)],
      ['stop', 'Ctrl-C'],
    ]),
    '',
  ];
  return lines.join('\n');
}

function endpointTable(config: GatewayConfig): string {
  if (config.endpoints.length === 0) return 'No endpoints yet: add one under `endpoints` in spillway.yaml.';
  const rows = config.endpoints.map((endpoint) => {
    const { name, workers, backends } = endpoint;
    const startsNone = !backends.some((kind) => kind === 'process' || kind === 'container');
    const elsewhere = backends.includes('pool') ? 'as many as connect' : 'none here';
    const count = startsNone ? elsewhere : `${workers.min} to ${workers.max}`;
    return [name, workerText(endpoint), count, `/v2/${name}`];
  });
  return table([{ title: 'endpoint' }, { title: 'worker' }, { title: 'how many' }, { title: 'path' }], rows);
}

function workerText({ worker, command, container }: GatewayConfig['endpoints'][number]): string {
  if (worker !== undefined) return `built-in ${worker}`;
  if (container) return container.image;
  return command.length > 0 ? command.join(' ') : 'from elsewhere';
}

function keyText({ secret, isNew, file }: Gateway['adminKey']): string {
  if (file === undefined) return 'from SPILLWAY_ADMIN_KEY';
  return isNew ? `${secret}\n        made now, shown this once, kept in ${file}` : `in ${file}`;
}
