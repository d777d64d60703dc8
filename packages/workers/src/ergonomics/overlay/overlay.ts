import type { Point } from '../../media/coverage.ts';
import { createTypeface } from '../../media/typeface.ts';
import { middlesOf } from '../pose/body-angles.ts';
import type { Pose } from '../pose/layouts.ts';
import type { ScoredPose } from '../pose/score-pose.ts';
import type { Canvas } from './canvas.ts';
import { partColors, UNKNOWN_COLOR } from './part-colors.ts';
import { createPanelStyle, drawPanel } from './score-panel.ts';
import { drawSkeleton } from './skeleton.ts';

/**
 * What is drawn on a frame of a video: the skeletons of everybody who is seen, and for those who are scored a panel with
 * their scores of the moment. It knows no video and no pixels; made once for frames of one size.
 */
export interface OverlayPerson {
  /** As it stands in the panel, such as `person 1`. */
  readonly id: string;
  /** In pixels of the picture that keypoints were found in; undefined where the person is not seen. */
  readonly pose: Pose | undefined;
  readonly scored: ScoredPose | undefined;
  /** People who are only passing by have a grey skeleton and no panel. */
  readonly isFollowed: boolean;
}

export interface OverlayMoment {
  /** Seconds of the video. */
  readonly t: number;
  readonly people: readonly OverlayPerson[];
}

export interface OverlayOptions {
  /** Of the frames that are drawn on. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** Width of the picture that the poses are in, where it is another one. */
  readonly poseWidthPx?: number;
}

/** Of the trunk's length. */
const HEAD_ABOVE_EARS = 0.35;

function trunkOf(pose: Pose): number {
  const { shoulders, hips } = middlesOf(pose);
  return shoulders && hips ? Math.hypot(shoulders.x - hips.x, shoulders.y - hips.y) : 0;
}

/** Lines and letters grow with the frame: at 1280 x 720 a line is 5 pixels wide, capitals are 13 high. */
const SIDE_AT_SCALE_1 = 800;

export function createOverlay({ widthPx, heightPx, poseWidthPx = widthPx }: OverlayOptions): {
  draw(canvas: Canvas, moment: OverlayMoment): void;
} {
  const scale = Math.max(0.6, Math.sqrt(widthPx * heightPx) / SIDE_AT_SCALE_1);
  const panel = createPanelStyle(scale);
  const tag = createTypeface(scale);
  const line = 4 * scale;
  const factor = widthPx / poseWidthPx;
  const place = ({ x, y }: Point) => ({ x: x * factor, y: y * factor });
  const gap = Math.round(10 * scale);
  const drawBody = (canvas: Canvas, { id, pose, scored, isFollowed }: OverlayPerson) => {
    if (!pose) return;
    const colorOf = isFollowed ? partColors(scored) : () => UNKNOWN_COLOR;
    drawSkeleton(canvas, pose, { line: isFollowed ? line : line * 0.6, colorOf, place });
    const head = middlesOf(pose).ears ?? pose.nose;
    if (!head) return;
    const at = place(head);
    const above = Math.max(3.5 * line, trunkOf(pose) * factor * HEAD_ABOVE_EARS);
    const top = Math.max(4, Math.round(at.y - above - tag.capHeight));
    const left = Math.round(at.x - tag.measure(id) / 2);
    const box = { x_min: left - 4, x_max: left + tag.measure(id) + 4, y_min: top - 4 };
    canvas.fillBox({ ...box, y_max: top + tag.capHeight + 4 }, { color: [16, 18, 24], alpha: 0.7 });
    canvas.write(tag, id, left, top, { color: [255, 255, 255], alpha: 1 });
  };
  return {
    draw(canvas, { t, people }) {
      // Those who are followed last, so that nobody hides them.
      for (const person of people) if (!person.isFollowed) drawBody(canvas, person);
      for (const person of people) if (person.isFollowed) drawBody(canvas, person);
      const shown = people.filter(({ isFollowed }) => isFollowed);
      for (const [at, { id, pose, scored }] of shown.entries()) {
        const y = gap + at * (panel.height + gap);
        if (y + panel.height <= heightPx)
          drawPanel(canvas, { id, t, scored, isSeen: pose !== undefined }, { x: gap, y }, panel);
      }
    },
  };
}
