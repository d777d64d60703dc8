/**
 * Where this page's gateway is: where the page came from, unless `settings.json` beside it says another address. Never
 * what a link says: else a link could have videos sent to whoever made it.
 */
export async function readGatewayAddress(): Promise<string> {
  const reply = await fetch('settings.json', { cache: 'no-cache' });
  if (!reply.ok) return location.origin;
  const { gateway } = (await reply.json()) as { gateway?: unknown };
  if (gateway === undefined) return location.origin;
  if (typeof gateway !== 'string' || !URL.canParse(gateway) || !/^https?:/.test(gateway))
    throw new Error('settings.json: gateway: expected an address such as https://gpu.example.com');
  return new URL(gateway).origin;
}
