import type { RemoteAnswer } from './runpod-client.ts';

/** What an endpoint's `/health` says against sending jobs there, as a clause; undefined when nothing does. Pure. */
export function healthProblem(answer: RemoteAnswer): string | undefined {
  if (answer.type !== 'answered') return answer.problem;
  const { workers } = answer.value;
  if (typeof workers !== 'object' || workers === null) return undefined;
  const count = (name: string) => Number((workers as Record<string, unknown>)[name] ?? 0) || 0;
  // With none at all it starts one when a job comes.
  if (count('idle') + count('ready') + count('running') + count('initializing') > 0) return undefined;
  if (count('unhealthy') > 0) return 'all its workers are unhealthy';
  if (count('throttled') > 0) return 'its workers are throttled: no machine is free';
  return undefined;
}
