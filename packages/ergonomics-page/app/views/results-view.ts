import type { RiskMethod } from '@spillway/protocol/ergonomics';
import type { JobStatusView } from '../analysis.ts';
import { h, setText } from '../element.ts';
import { percentText, secondsText } from '../format.ts';
import { fetchResult, levelAt, METHODS, type Method, type SequenceResult } from '../result.ts';
import { downloadList } from './downloads.ts';
import { levelTable } from './level-table.ts';
import { liftTable } from './lift-table.ts';
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
  const heading = h('h2', { id: 'step', tabindex: -1 }, name);
  const file = h('p', { class: 'quiet' });
  const video = overlayOf(view);
  const onSeek = video && ((seconds: number) => seek(video, seconds));
  const url = view.results?.json_url;
  if (url === undefined) details.replaceChildren();
  else
    fetchResult(url, gone.signal).then(
      (result) => {
        if (result.title !== null && result.title !== '') {
          setText(heading, result.title);
          setText(file, name);
        }
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
    h(
      'div',
      { class: 'head' },
      h('div', {}, heading, file),
      view.results?.pdf_url !== undefined &&
        h(
          'a',
          { class: 'button', href: view.results.pdf_url, download: '', rel: 'noreferrer' },
          'Save the report (PDF)',
        ),
    ),
    notes(view.warnings ?? []),
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

/** What is to be kept in mind with all that follows. */
const notes = (warnings: readonly string[]) =>
  warnings.length > 0 &&
  h('ul', { class: 'box warn notes' }, ...warnings.map((warning) => h('li', {}, warning)));

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
  const { niosh = [] } = result.summary;
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
      `Numbers: the worst moments. Drag to look closer, double-click for all of it${onSeek ? '; a click shows that moment in the video' : ''}. Gaps are time without a score.`,
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
    ...(niosh.length === 0 ? [] : [h('h3', {}, 'Lifts (NIOSH)'), liftTable(niosh)]),
  ];
}

function cards({ summary }: SequenceResult): HTMLElement {
  const { seconds, worse_side: worse, owas } = summary;
  const worstOwas = owas.filter((one) => one.seconds > 0).at(-1)?.level ?? null;
  const severe = (method: 'rula' | 'reba') =>
    seconds.scored > 0
      ? percentText(worse[method].reduce((sum, { level, share }) => sum + (level >= SEVERE ? share : 0), 0))
      : '–';
  return h(
    'dl',
    { class: 'cards' },
    highest('Highest RULA', 'rula', worse.highest_rula),
    highest('Highest REBA', 'reba', worse.highest_reba),
    highest('Highest OWAS', 'owas', worstOwas),
    card('RULA 5 or more', severe('rula'), 'of the scored time'),
    card('REBA 8 or more', severe('reba'), 'of the scored time'),
    card('Scored', secondsText(seconds.scored), `of ${secondsText(seconds.total)}`),
  );
}

/** Action level from which on RULA and REBA ask for a change soon. */
const SEVERE = 3;

function highest(name: string, method: RiskMethod, score: number | null): HTMLElement {
  const level = score === null ? undefined : levelAt(method, score);
  return card(name, score === null ? '–' : String(score), level?.name ?? 'no score', level?.risk);
}

const card = (name: string, value: string, note: string, risk?: number): HTMLElement =>
  h(
    'div',
    risk === undefined ? {} : { class: `edge-${risk}` },
    h('dt', {}, name),
    h('dd', {}, h('b', {}, value), ' ', h('span', { class: 'quiet' }, note)),
  );
