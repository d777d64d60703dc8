import { createGatewayStore } from '@spillway/artifacts';
import { afterAll } from 'vitest';
import { artifactStoreContract, sendAsSigned } from '../../artifacts/test/artifact-store.contract.ts';
import { type ArtifactGateway, startArtifactGateway } from './artifact-gateway.ts';

let gateway: ArtifactGateway;
afterAll(() => gateway.stop());

artifactStoreContract("the workers' store, by a gateway", async () => {
  gateway = await startArtifactGateway({}, 'endpoints: { mine: { backends: [pool] } }');
  const body = { name: 'worker', scope: 'worker', endpoints: ['mine'] };
  const { key } = (await (await gateway.call('POST', '/v1/keys', body)).json()) as { key: string };
  const link = { origin: gateway.url, endpoint: 'mine', workerId: 'w1', key };
  return {
    store: createGatewayStore(link),
    send: sendAsSigned,
    expireUrls: async () => gateway.advance(3_600_000),
  };
});
