import { hostPort } from '@spillway/sdk/net';

/** Opens a listener; what the system says of a bad address becomes a sentence that names the setting. */
export async function listenOn<T>(
  setting: 'listen' | 'workerListen',
  { host, port }: { readonly host: string; readonly port: number },
  open: (address: { readonly host: string; readonly port: number }) => Promise<T>,
): Promise<T> {
  try {
    return await open({ host, port });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const choice = setting === 'listen' ? '--port or `listen`' : '`workerListen`';
    const reasons: Record<string, string> = {
      EADDRINUSE: `the port is taken; choose another with ${choice}, or stop the program that has it`,
      EACCES: 'this user may not open that port; choose one above 1023',
      EADDRNOTAVAIL: `this machine has no such address; check \`${setting}\``,
    };
    const reason = reasons[String(code)] ?? (error instanceof Error ? error.message : String(error));
    throw new Error(`can't listen on ${hostPort(host, port)}: ${reason}`, { cause: error });
  }
}
