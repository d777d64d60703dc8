import type { OpenVideo } from './people-source.ts';
import { QUALITIES, type QualityName } from './quality.ts';
import type { StatusRecord } from './status-record.ts';

/** What a report tells of its video by itself: which one, who was followed, how often it was looked at, and when. */
export function videoDetails(
  { created_at: createdAt, settings: { quality, details }, video: { name } }: StatusRecord,
  { drawing }: OpenVideo,
  { person, among }: { readonly person: number; readonly among: number },
): Readonly<Record<string, string>> {
  const { widthPx = 0, heightPx = 0, frameRate = 0 } = drawing?.video ?? {};
  return {
    video: name,
    ...(drawing
      ? { recording: `${widthPx} × ${heightPx} pixels${frameRate > 0 ? `, ${rateText(frameRate)}` : ''}` }
      : {}),
    person: among === 1 ? 'the only one who was seen' : `number ${person} of ${among} who were seen`,
    'looked at': lookedAt(quality, frameRate),
    analysed: `${dateText(createdAt)} UTC`,
    ...details,
  };
}

/** A video with fewer pictures than are asked for is looked at in all of them. */
function lookedAt(quality: QualityName, frameRate: number): string {
  const { samplesPerSecond } = QUALITIES[quality];
  return frameRate > 0 && frameRate < samplesPerSecond
    ? `every picture of the video: ${rateText(frameRate)} (quality ${quality} takes up to ${samplesPerSecond})`
    : `${rateText(samplesPerSecond)} (quality ${quality})`;
}

function rateText(perSecond: number): string {
  const text = String(Math.round(perSecond * 100) / 100);
  return `${text} ${text === '1' ? 'picture' : 'pictures'} a second`;
}

/** `21 November 2026, 17:24`. */
function dateText(iso: string): string {
  const style = { dateStyle: 'long', timeStyle: 'short', hourCycle: 'h23', timeZone: 'UTC' } as const;
  return new Intl.DateTimeFormat('en-GB', style).format(new Date(iso)).replace(' at ', ', ');
}
