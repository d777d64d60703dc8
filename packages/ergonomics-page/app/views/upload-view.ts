import { h, setText } from '../element.ts';
import { aboutText, bytesText } from '../format.ts';
import type { UploadingState } from '../page-state.ts';
import type { View } from './view.ts';

export interface UploadHandlers {
  pause(): void;
  resume(): void;
  discard(): void;
}

export function uploadView(
  first: UploadingState,
  { pause, resume, discard }: UploadHandlers,
): View<UploadingState> {
  let isPaused = first.isPaused;
  const bar = h('progress', { id: 'bar', max: 100, 'aria-describedby': 'speed' });
  const percent = h('strong', { class: 'percent' });
  const bytes = h('span', {});
  const speed = h('span', { id: 'speed', class: 'quiet' });
  const toggle = h('button', { type: 'button', class: 'main', click: () => (isPaused ? resume() : pause()) });
  const element = h(
    'section',
    { 'aria-labelledby': 'step' },
    h('h2', { id: 'step', tabindex: -1 }, 'Upload'),
    h('p', { class: 'line' }, h('label', { for: 'bar' }, first.name), percent),
    bar,
    h('p', { class: 'line' }, bytes, speed),
    h(
      'p',
      { class: 'buttons' },
      toggle,
      h('button', { type: 'button', class: 'plain', click: discard }, 'Discard'),
    ),
    h(
      'p',
      { class: 'quiet small' },
      'Leave this page open meanwhile. If it is closed, choose the same file again later: the upload goes on where it was.',
    ),
  );
  function update(state: UploadingState): void {
    const { sentBytes, sizeBytes, bytesPerSecond } = state;
    isPaused = state.isPaused;
    const share = sizeBytes === 0 ? 1 : sentBytes / sizeBytes;
    bar.value = share * 100;
    setText(percent, `${Math.floor(share * 100)} %`);
    setText(bytes, `${bytesText(sentBytes)} of ${bytesText(sizeBytes)}`);
    setText(speed, speedText(state, bytesPerSecond));
    setText(toggle, isPaused ? 'Resume' : 'Pause');
  }
  update(first);
  return { element, update };
}

function speedText(
  { isPaused, sentBytes, sizeBytes }: UploadingState,
  bytesPerSecond: number | undefined,
): string {
  if (isPaused) return 'paused';
  if (bytesPerSecond === undefined) return '…';
  if (bytesPerSecond < 1) return 'waiting';
  const left = (sizeBytes - sentBytes) / bytesPerSecond;
  return `${bytesText(bytesPerSecond)}/s, ${aboutText(left)} left`;
}
