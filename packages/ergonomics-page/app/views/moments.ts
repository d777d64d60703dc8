import type { NamedUrl } from '../analysis.ts';
import { h } from '../element.ts';
import { clockText, secondsText } from '../format.ts';
import type { SequenceResult, WorstMoment } from '../result.ts';

/** The worst moments with their pictures. `onSeek` is absent where there is no video to show. */
export function momentList(
  { summary, pictures }: SequenceResult,
  urls: readonly NamedUrl[],
  onSeek: ((seconds: number) => void) | undefined,
): HTMLElement {
  const items = summary.worst_moments.map((moment) => {
    const name = pictures.find(({ rank }) => rank === moment.rank)?.name;
    const url = urls.find((one) => one.name === name)?.url;
    return h('li', { class: 'moment' }, url !== undefined && pictureOf(moment, url), factsOf(moment, onSeek));
  });
  if (items.length === 0) return h('p', { class: 'quiet' }, 'No posture was held long enough to be one.');
  return h('ol', { class: 'moments' }, ...items);
}

const pictureOf = ({ t, rula, reba }: WorstMoment, url: string) =>
  h('img', {
    src: url,
    loading: 'lazy',
    width: 480,
    height: 600,
    alt: `At ${clockText(t)}: RULA ${rula}, REBA ${reba}`,
  });

function factsOf(
  { t, from, to, side, rula, reba, angles }: WorstMoment,
  onSeek: ((seconds: number) => void) | undefined,
) {
  const degrees = (name: string) => {
    const value = angles[name];
    return typeof value === 'number' ? `${Math.round(value)}°` : undefined;
  };
  const known = [
    ...[
      ['Trunk', 'trunk_flexion'],
      ['Neck', 'neck_flexion'],
      ['Upper arm', 'upper_arm_flexion'],
    ],
    ...[
      ['Lower arm', 'lower_arm_flexion'],
      ['Knee', 'knee_flexion'],
    ],
  ].flatMap(([name, key]) => {
    const value = degrees(key ?? '');
    return value === undefined ? [] : [h('dt', {}, name), h('dd', {}, value)];
  });
  return h(
    'div',
    {},
    onSeek
      ? h(
          'button',
          {
            type: 'button',
            class: 'time',
            click: () => onSeek(t),
            'aria-label': `Show ${clockText(t)} in the video`,
          },
          clockText(t),
        )
      : h('strong', { class: 'time' }, clockText(t)),
    h(
      'p',
      {},
      `RULA ${rula}, REBA ${reba}`,
      h('span', { class: 'quiet' }, ` · ${side} side, ${secondsText(to - from)}`),
    ),
    h('dl', { class: 'facts small' }, ...known),
  );
}
