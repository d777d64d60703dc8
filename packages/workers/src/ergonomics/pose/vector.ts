/** Vectors and angles, in degrees. */
export interface Vector {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

export const minus = (a: Vector, b: Vector): Vector => ({ x: a.x - b.x, y: a.y - b.y, z: a.z - b.z });
const scaled = (a: Vector, by: number): Vector => ({ x: a.x * by, y: a.y * by, z: a.z * by });
export const dot = (a: Vector, b: Vector): number => a.x * b.x + a.y * b.y + a.z * b.z;
export const cross = (a: Vector, b: Vector): Vector => ({
  x: a.y * b.z - a.z * b.y,
  y: a.z * b.x - a.x * b.z,
  z: a.x * b.y - a.y * b.x,
});
const lengthOf = (a: Vector): number => Math.hypot(a.x, a.y, a.z);
/** Undefined for a vector without length. */
export function unit(a: Vector): Vector | undefined {
  const size = lengthOf(a);
  return size > 1e-9 ? scaled(a, 1 / size) : undefined;
}
/** What of `a` is perpendicular to the unit vector `axis`. */
export const across = (a: Vector, axis: Vector): Vector => minus(a, scaled(axis, dot(a, axis)));

export const degreesOf = (radians: number): number => (radians * 180) / Math.PI;

/** Into (-180, 180]. */
export function wrapDegrees(degrees: number): number {
  const turned = degrees % 360;
  return turned > 180 ? turned - 360 : turned <= -180 ? turned + 360 : turned;
}

/** 0-180. */
export function angleBetween(a: Vector, b: Vector): number {
  return degreesOf(Math.atan2(lengthOf(cross(a, b)), dot(a, b)));
}
