import type { BoundingBox } from '../media/raster.ts';
import { boxArea, boxCentre, intersectionOverUnion } from './box.ts';

/** Which structure an anomaly is on, judged by their boxes alone. */
export interface Structure {
  readonly detection_id: string;
  readonly class_name: string;
  readonly confidence: number;
  readonly bbox: BoundingBox;
}

export const MATCHING_RULES = ['overlap', 'containment'] as const;

export type MatchingRule = (typeof MATCHING_RULES)[number];

export interface StructureMatch {
  readonly structure: Structure;
  /** How sure the match is, 0 to 1. */
  readonly association: number;
}

const LEAST_IOU = 0.1;
const NEAR_PIXELS = 100;

/**
 * - `overlap`: the structure of the greatest IoU from 0.1 on, which is then the association; else the nearest one whose
 *   centre is less than 100 px away, with 1 - distance / 100.
 * - `containment`: the smallest structure that holds the anomaly's centre, with 0.7 IoU + 0.3 (1 - area ratio), the ratio
 *   being the anomaly's area over the structure's, at most 1.
 */
export function matchStructure(
  anomaly: BoundingBox,
  structures: readonly Structure[],
  rule: MatchingRule,
): StructureMatch | undefined {
  return rule === 'containment' ? smallestAround(anomaly, structures) : greatestOverlap(anomaly, structures);
}

function greatestOverlap(anomaly: BoundingBox, structures: readonly Structure[]): StructureMatch | undefined {
  const overlapping = best(structures, (structure) => intersectionOverUnion(anomaly, structure.bbox));
  if (overlapping !== undefined && overlapping.association >= LEAST_IOU) {
    return overlapping;
  }
  const near = best(structures, (structure) => 1 - centreDistance(anomaly, structure.bbox) / NEAR_PIXELS);
  return near !== undefined && near.association > 0 ? near : undefined;
}

function smallestAround(anomaly: BoundingBox, structures: readonly Structure[]): StructureMatch | undefined {
  const { x, y } = boxCentre(anomaly);
  const around = structures.filter(
    ({ bbox }) => x >= bbox.x_min && x < bbox.x_max && y >= bbox.y_min && y < bbox.y_max,
  );
  const smallest = best(around, (structure) => -boxArea(structure.bbox))?.structure;
  if (smallest === undefined) {
    return undefined;
  }
  const ratio = Math.min(1, boxArea(anomaly) / boxArea(smallest.bbox));
  const association = 0.7 * intersectionOverUnion(anomaly, smallest.bbox) + 0.3 * (1 - ratio);
  return { structure: smallest, association };
}

/** The structure with the greatest value, the first of equals. */
function best(structures: readonly Structure[], rank: (structure: Structure) => number) {
  let found: StructureMatch | undefined;
  for (const structure of structures) {
    const association = rank(structure);
    if (found === undefined || association > found.association) {
      found = { structure, association };
    }
  }
  return found;
}

function centreDistance(a: BoundingBox, b: BoundingBox): number {
  const from = boxCentre(a);
  const to = boxCentre(b);
  return Math.hypot(from.x - to.x, from.y - to.y);
}
