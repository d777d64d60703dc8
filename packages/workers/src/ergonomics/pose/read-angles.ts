import { decideFacing, decideView, type Facing, measurePicture, type View } from './angles-2d.ts';
import { measureSpace } from './angles-3d.ts';
import type { BodyAngles } from './body-angles.ts';
import { middlesOf } from './body-angles.ts';
import type { Pose } from './layouts.ts';
import type { PoseSettings } from './pose-settings.ts';

/** What a pose tells of a body, and how it was looked at. */
export interface Reading {
  readonly angles: BodyAngles;
  readonly view: View | '3d';
  /** Nothing told where the body looks, so it is taken to look to where it leans. */
  readonly isFacingAssumed: boolean;
}

/** @param known where the body looks, when other pictures of it told. */
export function readAngles(pose: Pose, settings: PoseSettings, is3d: boolean, known?: Facing): Reading {
  if (is3d)
    return {
      angles: withOffset(measureSpace(pose, settings.up), settings),
      view: '3d',
      isFacingAssumed: false,
    };
  const view = settings.view === 'auto' ? decideView(pose) : settings.view;
  const facing = decideFacing(pose) ?? known;
  const angles = measurePicture(pose, view, facing ?? towardsLean(pose));
  return {
    angles: withOffset(angles, settings),
    view,
    isFacingAssumed: facing === undefined && view === 'side',
  };
}

function towardsLean(pose: Pose): Facing {
  const { shoulders, hips } = middlesOf(pose);
  return shoulders && hips && shoulders.x < hips.x ? -1 : 1;
}

function withOffset(angles: BodyAngles, { neck_offset_deg: offset }: PoseSettings): BodyAngles {
  const { neck_flexion: neck } = angles;
  return neck && offset !== 0
    ? { ...angles, neck_flexion: { ...neck, degrees: neck.degrees - offset } }
    : angles;
}
