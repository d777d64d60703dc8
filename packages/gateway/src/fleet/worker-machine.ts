import type { WorkerState } from '@spillway/protocol';
import type { WorkerExit } from './backend.ts';

/**
 * One worker's life as a pure machine. States, and who moves them (always through fleet.ts):
 *   initializing  started, has not asked for a job yet          → idle at its first job-take
 *   idle, running asks for jobs; holds none, or some            ↔ by the number of jobs it holds
 *   outdated      asked for a fresh worker; finishes its jobs   → stopping when it holds none
 *   unhealthy     reported that it can't work                   → stopping, unless it exits first; one that the gateway
 *                 did not start may recover                     → idle, running
 *   stopping      drained, then ended                           → stopped
 *   stopped       has ended; absorbs every late event
 */
export interface WorkerLife {
  readonly state: WorkerState;
  readonly startedAt: number;
  /** When it first asked for a job. */
  readonly readyAt?: number;
  /** Since when it holds no job; only while idle. */
  readonly idleSince?: number;
  readonly jobs: number;
  /** Has held a job at least once. */
  readonly hasWorked: boolean;
  /** Why the gateway ends it. */
  readonly stopReason?: string;
  /** What is wrong with it: a failed start, its own report. */
  readonly problem?: string;
  readonly exit?: WorkerExit;
  readonly stoppedAt?: number;
}

export type WorkerEvent =
  | { readonly type: 'asked' }
  | { readonly type: 'jobs'; readonly count: number }
  | { readonly type: 'outdated' }
  | { readonly type: 'unhealthy'; readonly reason: string }
  /** What made it unhealthy is over: it was started anew, or is done with what held it up. */
  | { readonly type: 'recovered' }
  /** The start can't succeed any more: refused by the backend, or not ready in time. */
  | { readonly type: 'start-failed'; readonly reason: string }
  | { readonly type: 'stop'; readonly reason: string }
  /** It is ended by force, also in the middle of a stop: this is why it ends, whatever it was asked before. */
  | { readonly type: 'kill'; readonly reason: string }
  | { readonly type: 'exited'; readonly exit: WorkerExit };

/** stop: drain and end it · proved: starts of this endpoint work · failed-start: one more came to nothing */
export type WorkerEffect = 'stop' | 'proved' | 'failed-start';

interface Step {
  readonly life: WorkerLife;
  readonly effects: readonly WorkerEffect[];
}

/** A worker that asks for jobs for so long, or takes one, was a good start. Shorter lives count against the endpoint. */
export const PROOF_MS = 10_000;

/** Where a state goes on an event; an event that isn't listed changes no state. */
const TRANSITIONS: Readonly<Record<WorkerState, Partial<Record<WorkerEvent['type'], WorkerState>>>> = {
  initializing: {
    asked: 'idle',
    outdated: 'outdated',
    unhealthy: 'unhealthy',
    'start-failed': 'stopping',
    stop: 'stopping',
    kill: 'stopping',
    exited: 'stopped',
  },
  idle: {
    outdated: 'outdated',
    unhealthy: 'unhealthy',
    stop: 'stopping',
    kill: 'stopping',
    exited: 'stopped',
  },
  running: {
    outdated: 'outdated',
    unhealthy: 'unhealthy',
    stop: 'stopping',
    kill: 'stopping',
    exited: 'stopped',
  },
  // No backend of ours holds workers back yet; the state is RunPod's.
  throttled: { unhealthy: 'unhealthy', stop: 'stopping', kill: 'stopping', exited: 'stopped' },
  outdated: { unhealthy: 'unhealthy', stop: 'stopping', kill: 'stopping', exited: 'stopped' },
  unhealthy: { recovered: 'idle', stop: 'stopping', kill: 'stopping', exited: 'stopped' },
  stopping: { exited: 'stopped' },
  stopped: {},
};

export function startLife(now: number): WorkerLife {
  return { state: 'initializing', startedAt: now, jobs: 0, hasWorked: false };
}

/** The life after an event and what the fleet must do about it. */
export function next(life: WorkerLife, event: WorkerEvent, now: number): Step {
  if (life.state === 'stopped') return { life, effects: [] };
  if (event.type === 'jobs') {
    // Whoever holds a job has asked for it.
    const ready = event.count > 0 ? next(life, { type: 'asked' }, now).life : life;
    return countJobs(ready, event.count, now);
  }
  const state = TRANSITIONS[life.state][event.type] ?? life.state;
  const moved: WorkerLife = state === 'idle' ? life : withoutIdle({ ...life, state });
  switch (event.type) {
    case 'asked':
      if (life.state !== 'initializing') return { life, effects: [] };
      return { life: becomeIdle({ ...life, readyAt: now }, now), effects: [] };
    case 'recovered':
      if (life.state !== 'unhealthy') return { life, effects: [] };
      return { life: recover(withoutProblem(life), now), effects: [] };
    case 'outdated':
      return { life: moved, effects: state === 'outdated' && life.jobs === 0 ? ['stop'] : [] };
    case 'unhealthy':
      return { life: { ...moved, problem: event.reason }, effects: [] };
    case 'start-failed':
      if (life.readyAt !== undefined) return { life, effects: [] };
      return { life: { ...moved, problem: event.reason }, effects: [] };
    case 'stop':
      return { life: { ...moved, stopReason: life.stopReason ?? event.reason }, effects: [] };
    case 'kill':
      return { life: { ...moved, stopReason: event.reason }, effects: [] };
    case 'exited':
      return { life: { ...moved, exit: event.exit, stoppedAt: now }, effects: effectsOfExit(life, now) };
  }
}

/** The number of jobs tells idle from running, and ends an outdated worker when it comes to zero. */
function countJobs(life: WorkerLife, jobs: number, now: number): Step {
  if (jobs === life.jobs && life.state !== 'outdated') return { life, effects: [] };
  const hasWorked = life.hasWorked || jobs > 0;
  const effects: WorkerEffect[] = hasWorked && !life.hasWorked ? ['proved'] : [];
  const counted: WorkerLife = { ...life, jobs, hasWorked };
  switch (life.state) {
    case 'idle':
    case 'running':
      if (jobs > 0) return { life: withoutIdle({ ...counted, state: 'running' }), effects };
      return { life: life.state === 'idle' ? counted : becomeIdle(counted, now), effects };
    case 'outdated':
      return jobs > 0 ? { life: counted, effects } : { life: counted, effects: [...effects, 'stop'] };
    default:
      return { life: counted, effects };
  }
}

function effectsOfExit(life: WorkerLife, now: number): WorkerEffect[] {
  const isAsked = life.stopReason !== undefined;
  if (life.readyAt === undefined) return isAsked && life.problem === undefined ? [] : ['failed-start'];
  if (now - life.readyAt >= PROOF_MS) return ['proved'];
  return isAsked || life.hasWorked ? [] : ['failed-start'];
}

function recover(life: WorkerLife, now: number): WorkerLife {
  const ready = { ...life, readyAt: life.readyAt ?? now };
  return life.jobs > 0 ? { ...ready, state: 'running' } : becomeIdle(ready, now);
}

function becomeIdle(life: WorkerLife, now: number): WorkerLife {
  return { ...life, state: 'idle', idleSince: now };
}

function withoutIdle({ idleSince: _, ...life }: WorkerLife): WorkerLife {
  return life;
}

function withoutProblem({ problem: _, ...life }: WorkerLife): WorkerLife {
  return life;
}
