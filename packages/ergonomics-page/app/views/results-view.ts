import type { JobStatusView } from '../analysis.ts';
import { h } from '../element.ts';
import { percentText, secondsText } from '../format.ts';
import { fetchResult, METHODS, type Method, type SequenceResult } from '../result.ts';
import { downloadList } from './downloads.ts';
import { levelTable } from './level-table.ts';
import { momentList } from './moments.ts';
import { createRiskChart, type RiskChart } from './risk-chart.ts';
import type { StateOf, View } from './view.ts';

/** What was found: first what matters, then the time line, worst moments and everything to take along. */
export function resultsView(
  { view, name }: StateOf<'done'>,
  { again }: { again(): void },
): View<StateOf<'done'>> {
  const gone = new AbortController();
  const details = h('div', {}, h('p', { class: 'quiet', role: 'status' }, 'Reading the result …'));
  let chart: RiskChart | undefined;
  const video = overlayOf(view);
  const onSeek = video && ((seconds: number) => seek(video, seconds));
  const url = view.results?.json_url;
  if (url === undefined) details.replaceChildren();
  else
    fetchResult(url, gone.signal).then(
      (result) => {
        chart = createRiskChart(result, onSeek ?? (() => undefined));
        details.replaceChildren(...detailsOf(result, view, chart, onSeek));
      },
      (error: unknown) => {
        if (gone.signal.aborted) return;
        const reason = error instanceof Error ? error.message : String(error);
        details.replaceChildren(
          h(
            'p',
            { class: 'box bad', role: 'alert' },
            `Charts can’t be shown: ${reason}. The downloads below have everything.`,
          ),
        );
      },
    );
  const element = h(
    'section',
    { 'aria-labelledby': 'step', class: 'results' },
    h('h2', { id: 'step', tabindex: -1 }, name),
    ...(view.warnings ?? []).map((warning) => h('p', { class: 'box warn' }, warning)),
    details,
    h('h3', {}, 'Downloads'),
    downloadList(view),
    h('p', { class: 'quiet small' }, 'These links are good for a day; open the page again for new ones.'),
    h(
      'p',
      { class: 'buttons' },
      h('button', { type: 'button', class: 'main', click: again }, 'Another video'),
    ),
  );
  if (video) details.after(h('h3', {}, 'Video'), video);
  return {
    element,
    remove() {
      gone.abort();
      chart?.remove();
    },
  };
}

function overlayOf({ results }: JobStatusView): HTMLVideoElement | undefined {
  const url = results?.videos?.[0]?.url;
  if (url === undefined) return undefined;
  return h('video', {
    // Shows its first frame before it is played.
    ...{ src: `${url}#t=0.01`, controls: true, preload: 'metadata', playsinline: true },
    'aria-label': 'The video with skeleton and scores',
  });
}

function seek(video: HTMLVideoElement, seconds: number): void {
  video.currentTime = seconds;
  video.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
}

function detailsOf(
  result: SequenceResult,
  { results }: JobStatusView,
  chart: RiskChart,
  onSeek: ((seconds: number) => void) | undefined,
): HTMLElement[] {
  const table = h('div', {});
  function show(method: Method): void {
    chart.show(method);
    table.replaceChildren(levelTable(result, method));
  }
  const tabs = h(
    'fieldset',
    { class: 'tabs' },
    h('legend', { class: 'hidden' }, 'Method'),
    ...METHODS.map((method, at) =>
      h(
        'label',
        {},
        h('input', {
          type: 'radio',
          name: 'method',
          value: method.id,
          checked: at === 0,
          change: () => show(method),
        }),
        h('span', {}, method.name),
      ),
    ),
  );
  // Drawn once it is on the page and has a width.
  const [first] = METHODS;
  if (first) show(first);
  return [
    cards(result),
    h('h3', {}, 'Over time'),
    tabs,
    chart.element,
    h(
      'p',
      { class: 'quiet small' },
      `Drag to look closer, double-click for all of it${onSeek ? '; a click shows that moment in the video' : ''}. Gaps are time without a score.`,
    ),
    table,
    ...(result.assumed.length === 0
      ? []
      : [
          h(
            'p',
            { class: 'quiet small' },
            `What no picture tells (${result.assumed.length === 1 ? 'one point' : `${result.assumed.length} points`}, listed in the report) counts as the most favourable: true scores may be higher.`,
          ),
        ]),
    h('h3', {}, 'Worst moments'),
    momentList(result, results?.pictures ?? [], onSeek),
  ];
}

function cards({ summary }: SequenceResult): HTMLElement {
  const { seconds, worse_side: worse, owas } = summary;
  const worstOwas = owas.filter((one) => one.seconds > 0).at(-1)?.level;
  const high = worse.reba.filter(({ level }) => level >= 3).reduce((sum, { share }) => sum + share, 0);
  const list = [
    ['Highest RULA', worse.highest_rula ?? '–', 'of 7'],
    ['Highest REBA', worse.highest_reba ?? '–', 'of 15'],
    ['Worst OWAS', worstOwas ?? '–', 'of 4'],
    ['REBA high or worse', percentText(high), 'of the scored time'],
    ['Scored', secondsText(seconds.scored), `of ${secondsText(seconds.total)}`],
  ] as const;
  return h(
    'dl',
    { class: 'cards' },
    ...list.map(([name, value, note]) =>
      h(
        'div',
        {},
        h('dt', {}, name),
        h('dd', {}, h('b', {}, String(value)), ' ', h('span', { class: 'quiet' }, note)),
      ),
    ),
  );
}
