import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Reply } from './ledger.ts';

/** A receiver of webhooks that outlives every gateway and hands on what it is told. */
export async function startReceiver(onWebhook: (reply: Reply) => void): Promise<Receiver> {
  const server = createServer(async (request, response) => {
    try {
      let text = '';
      for await (const chunk of request) text += chunk;
      onWebhook(JSON.parse(text) as Reply);
      response.writeHead(200).end();
    } catch {
      // The gateway died in the middle of it; the next one sends it again.
      response.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

export interface Receiver {
  readonly url: string;
  close(): void;
}
