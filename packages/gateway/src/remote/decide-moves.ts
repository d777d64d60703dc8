import type { LocalView } from './decide-route.ts';

/**
 * Which attempts that only wait in the queue of a remote backend are taken out of it, and where to, as a pure choice: home
 * where hands are free here; on to the next backend once one has waited there as long as its rule allows, and that one
 * takes jobs; away from a backend that is not well. One that has begun stays.
 *
 * For its delay a job only goes on to backends behind the one where it waits, so it can't go in circles.
 */
export interface MoveInput {
  readonly local: LocalView;
  /** Jobs that wait here; they have free hands before. */
  readonly waitingHere: number;
  /** The endpoint's remote backends, in order. */
  readonly places: readonly PlaceView[];
  readonly waiting: readonly WaitingThere[];
  /** Where those go that are being taken out already. */
  readonly underWay: readonly Destination[];
  readonly now: number;
}

export interface PlaceView {
  readonly name: string;
  /** Jobs that it may be given now. */
  readonly room: number;
  /** What is wrong there, as a clause. */
  readonly problem: string | undefined;
  /** How long a job may wait there. */
  readonly waitMs: number;
  /** When an attempt last went on from there since none had begun it. */
  readonly passedOverAt: number | undefined;
}

/** An attempt in the queue of a remote backend. */
export interface WaitingThere {
  readonly workerId: string;
  /** The backend's place in the order. */
  readonly at: number;
  readonly since: number;
  /** Higher goes first; of the same, whoever waits longer. */
  readonly priority: number;
  /** Another backend may be given it: it is paid for, and the endpoint delivers jobs. */
  readonly mayGoOn: boolean;
}

/** A remote backend by its place in the order. */
export type Destination = 'here' | number;

export interface Move {
  readonly workerId: string;
  readonly to: Destination;
  /** Why, as a clause about the job. */
  readonly reason: string;
}

export interface MoveDecision {
  readonly moves: readonly Move[];
  /** When time alone may call for the next look. */
  readonly lookAgainAt?: number;
}

/** Where one is overdue, what makes room for it may come unseen. */
const LOOK_AGAIN_MS = 500;
/** Nobody begins a job at once: without a delay each would be taken on before it could. */
const LEAST_WAIT_MS = 1_000;

export function decideMoves(input: MoveInput): MoveDecision {
  const left = capacityOf(input);
  const moves: Move[] = [];
  let lookAgainAt = Number.POSITIVE_INFINITY;
  const inTurn = input.waiting.toSorted((a, b) => b.priority - a.priority || a.since - b.since);
  for (const one of inTurn) {
    const move = decideMove(one, input, left);
    if (move) {
      moves.push(move);
      if (move.to === 'here') left.hands -= 1;
      else left.room[move.to] = (left.room[move.to] ?? 0) - 1;
    } else if (one.at < input.places.length - 1) {
      const at = dueAt(one, input);
      lookAgainAt = Math.min(lookAgainAt, at > input.now ? at : input.now + LOOK_AGAIN_MS);
    }
  }
  return Number.isFinite(lookAgainAt) ? { moves, lookAgainAt } : { moves };
}

/**
 * The backend that a job is given to: the first that has room, if possible one whose queue moves. `isFull` of each tells
 * whether jobs wait there in vain.
 */
export function choosePlace(
  places: readonly Pick<PlaceView, 'room'>[],
  isFull: readonly boolean[],
): number | undefined {
  const withRoom = [...places.keys()].filter((at) => (places[at]?.room ?? 0) > 0);
  return withRoom.find((at) => !isFull[at]) ?? withRoom[0];
}

/** For each backend whether jobs wait in its queue longer than they may, or did a moment ago. */
export function fullPlaces({
  places,
  waiting,
  now,
}: Pick<MoveInput, 'places' | 'waiting' | 'now'>): boolean[] {
  return places.map((place, at) => {
    const { passedOverAt } = place;
    const wasFull = passedOverAt !== undefined && now - passedOverAt < waitAllowedMs(place);
    return wasFull || waiting.some((one) => one.at === at && now >= dueAt(one, { places }));
  });
}

interface Capacity {
  hands: number;
  readonly room: number[];
  readonly isFull: readonly boolean[];
}

function capacityOf(input: MoveInput): Capacity {
  const { local, waitingHere, places, underWay } = input;
  const free = local.type === 'able' ? local.freeHands : 0;
  const taken = (to: Destination) => underWay.filter((one) => one === to).length;
  return {
    hands: free - waitingHere - taken('here'),
    room: places.map(({ room, problem }, at) => (problem === undefined ? room - taken(at) : 0)),
    isFull: fullPlaces(input),
  };
}

function decideMove(one: WaitingThere, input: MoveInput, left: Capacity): Move | undefined {
  const { workerId, at, mayGoOn } = one;
  const place = input.places[at];
  if (!place) return undefined;
  if (left.hands > 0)
    return { workerId, to: 'here', reason: `it still waited at ${place.name} when a worker here was free` };
  const canTake = (to: number) => mayGoOn && to !== at && (left.room[to] ?? 0) > 0;
  const others = [...input.places.keys()].filter(canTake);
  if (place.problem !== undefined) {
    const reason = `it waited at ${place.name}, where ${place.problem}`;
    const to = others.find((other) => !left.isFull[other]) ?? others[0];
    if (to !== undefined) return { workerId, to, reason };
    return input.local.type === 'none' ? undefined : { workerId, to: 'here', reason };
  }
  if (input.now < dueAt(one, input)) return undefined;
  const to = others.find((other) => other > at && !left.isFull[other]);
  if (to === undefined) return undefined;
  const waited = ((input.now - one.since) / 1000).toFixed(1);
  const allowed = waitAllowedMs(place) / 1000;
  return {
    ...{ workerId, to },
    reason: `it had waited ${waited} s in the queue of ${place.name}, ${allowed} s are allowed`,
  };
}

function waitAllowedMs({ waitMs }: Pick<PlaceView, 'waitMs'>): number {
  return Math.max(waitMs, LEAST_WAIT_MS);
}

function dueAt({ at, since }: WaitingThere, { places }: Pick<MoveInput, 'places'>): number {
  const place = places[at];
  return place ? since + waitAllowedMs(place) : Number.POSITIVE_INFINITY;
}
