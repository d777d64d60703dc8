import type { RiskMethod } from '@spillway/protocol/ergonomics';
import type { NamedUrl } from '../analysis.ts';
import { h } from '../element.ts';
import { clockText, degreesText, secondsText } from '../format.ts';
import { levelAt, type SequenceResult, type WorstMoment } from '../result.ts';

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
  if (items.length === 0)
    return h(
      'p',
      { class: 'quiet' },
      // What has no score is not therefore harmless.
      summary.seconds.scored > 0
        ? 'No posture above the lowest levels lasted for half a second.'
        : 'There is no moment with a score.',
    );
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

const PARTS = [
  ['Trunk', 'trunk_flexion'],
  ['Neck', 'neck_flexion'],
  ['Upper arm', 'upper_arm_flexion'],
  ['Lower arm', 'lower_arm_flexion'],
  ['Knee', 'knee_flexion'],
] as const;

function factsOf(moment: WorstMoment, onSeek: ((seconds: number) => void) | undefined) {
  const { rank, t, from, to, side, rula, reba, angles } = moment;
  const known = PARTS.flatMap(([name, key]) => {
    const { [key]: value } = angles;
    return typeof value === 'number' ? [h('dt', {}, name), h('dd', {}, degreesText(value))] : [];
  });
  return h(
    'div',
    {},
    h('p', { class: 'when' }, h('b', { class: 'rank' }, String(rank)), timeOf(t, onSeek)),
    h('p', { class: 'chips' }, chip('rula', rula), ' ', chip('reba', reba)),
    h('p', { class: 'quiet small' }, `${side} side, ${secondsText(to - from)}`),
    h('dl', { class: 'facts small' }, ...known),
  );
}

const timeOf = (t: number, onSeek: ((seconds: number) => void) | undefined) =>
  onSeek
    ? h(
        'button',
        {
          ...{ type: 'button', class: 'time', 'aria-label': `Show ${clockText(t)} in the video` },
          click: () => onSeek(t),
        },
        clockText(t),
      )
    : h('strong', { class: 'time' }, clockText(t));

function chip(method: RiskMethod, score: number): HTMLElement {
  const { risk = 0, name = '' } = levelAt(method, score) ?? {};
  return h('span', { class: `chip on-risk risk-${risk}`, title: name }, `${method.toUpperCase()} ${score}`);
}
