import type { BoundingBox } from '../../media/raster.ts';

/**
 * Where a person's box is expected: its middle moves on, its size stays, each number filtered by itself (Kalman, constant
 * speed, random acceleration). What a second means is told by the samples' times, so that any rate and gaps of any length
 * are the same to it. All uncertainties are parts of the box's height: people near the camera move more pixels.
 */
export interface Motion {
  readonly x: Axis;
  readonly y: Axis;
  readonly width: Axis;
  readonly height: Axis;
}

interface Axis {
  readonly value: number;
  /** Pixels a second. */
  readonly speed: number;
  /** Variance of the value, covariance of both, variance of the speed. */
  readonly variance: readonly [number, number, number];
}

export interface Expected {
  readonly box: BoundingBox;
  /** Standard deviation of the middle, pixels. */
  readonly spreadX: number;
  readonly spreadY: number;
}

/** Of a box's height: how exactly detectors place a box, and how fast people's speed changes (per second squared). */
const BOX_NOISE = 0.03;
const ACCELERATION = 2;
const SIZE_ACCELERATION = 0.7;
const FIRST_SPEED = 1;
/** Nobody goes on straight for longer than this while unseen, seconds. */
const LONGEST_WAY = 1.2;

export function beginMotion(box: BoundingBox): Motion {
  const { x, y, width, height } = middleOf(box);
  const noise = (BOX_NOISE * height) ** 2;
  const axis = (value: number, speed: number): Axis => ({
    ...{ value, speed: 0 },
    variance: [noise, 0, (speed * height) ** 2],
  });
  return {
    x: axis(x, FIRST_SPEED),
    y: axis(y, FIRST_SPEED / 2),
    width: axis(width, FIRST_SPEED / 2),
    height: axis(height, FIRST_SPEED / 4),
  };
}

/** The box `seconds` after the motion was last seen. */
export function expectBox(motion: Motion, seconds: number): Expected {
  const { x, y, width, height } = afterwards(motion, seconds);
  const [w, h] = [Math.max(width.value, 1), Math.max(height.value, 1)];
  return {
    box: {
      x_min: x.value - w / 2,
      x_max: x.value + w / 2,
      y_min: y.value - h / 2,
      y_max: y.value + h / 2,
    },
    spreadX: Math.sqrt(x.variance[0]),
    spreadY: Math.sqrt(y.variance[0]),
  };
}

/** The motion after a box was seen, `seconds` after the last one. */
export function followBox(motion: Motion, seconds: number, box: BoundingBox): Motion {
  const expected = afterwards(motion, seconds);
  const seen = middleOf(box);
  const noise = (BOX_NOISE * seen.height) ** 2;
  return {
    x: correct(expected.x, seen.x, noise),
    y: correct(expected.y, seen.y, noise),
    // Arms come and go: a width says less than a place.
    width: correct(expected.width, seen.width, noise * 4),
    height: correct(expected.height, seen.height, noise),
  };
}

function afterwards({ x, y, width, height }: Motion, seconds: number): Motion {
  const size = Math.max(height.value, 1);
  const on = (axis: Axis, acceleration: number) => move(axis, seconds, acceleration * size);
  return {
    x: on(x, ACCELERATION),
    y: on(y, ACCELERATION / 2),
    width: on({ ...width, speed: 0 }, SIZE_ACCELERATION),
    height: on({ ...height, speed: 0 }, SIZE_ACCELERATION),
  };
}

function move({ value, speed, variance: [a, b, c] }: Axis, seconds: number, acceleration: number): Axis {
  const t = Math.min(seconds, LONGEST_WAY);
  const noise = acceleration ** 2;
  return {
    value: value + speed * t,
    speed: seconds > LONGEST_WAY ? 0 : speed,
    variance: [
      a + 2 * t * b + t * t * c + (noise * t ** 4) / 4,
      b + t * c + (noise * t ** 3) / 2,
      c + noise * t * t,
    ],
  };
}

function correct({ value, speed, variance: [a, b, c] }: Axis, seen: number, noise: number): Axis {
  const sum = a + noise;
  const [gain, speedGain] = [a / sum, b / sum];
  const off = seen - value;
  return {
    value: value + gain * off,
    speed: speed + speedGain * off,
    variance: [(1 - gain) * a, (1 - gain) * b, c - speedGain * b],
  };
}

function middleOf({ x_min, y_min, x_max, y_max }: BoundingBox) {
  return {
    x: (x_min + x_max) / 2,
    y: (y_min + y_max) / 2,
    width: Math.max(x_max - x_min, 1),
    height: Math.max(y_max - y_min, 1),
  };
}
