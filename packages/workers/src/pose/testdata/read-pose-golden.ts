import { readFileSync } from 'node:fs';

/** What `tools/golden/make-pose-golden.py` wrote. Boxes are x, y, width and height. */
export interface PoseGolden {
  readonly picture: { readonly width: number; readonly height: number; readonly data: string };
  readonly crops: readonly {
    readonly name: string;
    readonly box: readonly number[];
    readonly udp: string;
    readonly udpFullSha256: string;
    readonly corners: string;
  }[];
  readonly normalised: string;
  readonly heatmaps: {
    readonly width: number;
    readonly height: number;
    readonly maps: string;
    readonly box: readonly number[];
    readonly keypoints: readonly (readonly number[])[];
  };
}

export function readPoseGolden(): PoseGolden {
  return JSON.parse(readFileSync(new URL('./pose-golden.json', import.meta.url), 'utf8')) as PoseGolden;
}
