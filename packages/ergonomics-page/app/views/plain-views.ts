import { h } from '../element.ts';
import type { StateOf, View } from './view.ts';

/** Without a good link nothing can be asked of the server; a new one can be put in here, and what was chosen stays. */
export function linkView(
  { sentence }: StateOf<'needsLink'>,
  { useLink }: { useLink(text: string): boolean },
): View<StateOf<'needsLink'>> {
  const input = h('input', {
    type: 'text',
    id: 'link',
    autocomplete: 'off',
    spellcheck: 'false',
    required: true,
  });
  const problem = h('p', { class: 'bad-text', id: 'link-problem', role: 'alert' });
  const form = h(
    'form',
    {
      submit(event: SubmitEvent) {
        event.preventDefault();
        if (useLink(input.value)) return;
        problem.textContent = 'That is no link to this page: it ends in #endpoint=…&token=spu_….';
        input.setAttribute('aria-describedby', 'link-problem');
        input.focus();
      },
    },
    h('p', {}, h('label', { for: 'link' }, 'New link'), input),
    problem,
    h('p', { class: 'buttons' }, h('button', { type: 'submit', class: 'main' }, 'Go on')),
  );
  return {
    element: h(
      'section',
      { 'aria-labelledby': 'step' },
      h('h2', { id: 'step', tabindex: -1 }, 'A link is needed'),
      h('p', { class: 'box bad', role: 'alert' }, sentence),
      form,
      h(
        'p',
        { class: 'quiet small' },
        'Whoever runs the server makes one with: ',
        h('code', {}, 'spillway page ergonomics'),
      ),
    ),
  };
}

export function failedView(
  { sentence, canGoOn, name }: StateOf<'failed'>,
  { goOn, again }: { goOn(): void; again(): void },
): View<StateOf<'failed'>> {
  const go = canGoOn && h('button', { type: 'button', class: 'main', click: goOn }, 'Try again');
  return {
    element: h(
      'section',
      { 'aria-labelledby': 'step' },
      h('h2', { id: 'step', tabindex: -1 }, name === '' ? 'That did not work' : `That did not work: ${name}`),
      h('p', { class: 'box bad', role: 'alert' }, sentence),
      h(
        'p',
        { class: 'buttons' },
        go,
        h('button', { type: 'button', class: canGoOn ? 'plain' : 'main', click: again }, 'Another video'),
      ),
    ),
  };
}
