import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { GatewayProcess } from './gateway-process.ts';

export interface PoolWorkerProcess {
  readonly id: string;
  readonly child: ChildProcess;
  /** Everything that it printed. */
  output(): string;
  /** Asks it to end; answers its exit code. */
  stop(): Promise<number | null>;
  kill(): void;
}

/** What an admin gets for one worker from elsewhere. */
export async function poolEnvironment(gateway: Pick<GatewayProcess, 'call'>, endpoint: string) {
  const reply = await gateway.call(`/v1/endpoints/${endpoint}/pool-workers`, {});
  return (await reply.json()) as { workerId: string; origin: string; env: Record<string, string> };
}

/** Starts a worker that the gateway knows nothing of, in the environment that its admin was given. */
export async function startPoolWorker(
  gateway: Pick<GatewayProcess, 'call'>,
  endpoint: string,
  [program = '', ...args]: readonly string[],
): Promise<PoolWorkerProcess> {
  const { workerId, env } = await poolEnvironment(gateway, endpoint);
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  const exited = once(child, 'exit');
  return {
    id: workerId,
    child,
    output: () => text,
    async stop() {
      child.kill('SIGTERM');
      const [code] = (await exited) as [number | null];
      return code;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
