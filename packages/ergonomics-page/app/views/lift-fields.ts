import { LIFT_COUPLINGS, LIFT_DURATIONS, LIFT_LIMITS } from '@spillway/protocol/ergonomics';
import { h, setText } from '../element.ts';
import { LIFT_NUMBERS, type Lift, type LiftField, type LiftTexts, readLift, textsOf } from '../lifts.ts';

/** Lifts that somebody measured, in a section that is folded until there is one. */
export interface LiftFields {
  readonly element: HTMLElement;
  /** Undefined where something is wrong, which is then told at its field; the first one gets the focus. */
  read(): readonly Lift[] | undefined;
}

/** One lift on the page. */
interface LiftForm {
  readonly element: HTMLFieldSetElement;
  focus(): void;
  /** What it is called, by its place among all. */
  number(at: number): void;
  check(): { readonly lift?: Lift; readonly wrong?: HTMLElement };
}

export function liftFields(first: readonly Lift[]): LiftFields {
  const forms: LiftForm[] = [];
  const list = h('div', {});
  const count = h('span', { class: 'quiet' });
  const add = h('button', {
    ...{ type: 'button', class: 'plain' },
    click: () => append().focus(),
  });
  const most = h('p', { class: 'quiet small', role: 'status' });
  const element = h(
    'details',
    { class: 'lifts', open: first.length > 0 },
    h('summary', {}, 'Lifts ', count),
    h(
      'p',
      { class: 'quiet small' },
      'What somebody measured at the workplace, for the NIOSH lifting equation: with two hands, while standing. No figure of it is read from the video. A load that is set down with care is two lifts, one where it begins and one where it ends.',
    ),
    list,
    h('p', { class: 'buttons' }, add),
    most,
  );

  function append(lift?: Lift): LiftForm {
    const form = liftForm(textsOf(lift), () => {
      forms.splice(forms.indexOf(form), 1);
      form.element.remove();
      tell();
      add.focus();
    });
    forms.push(form);
    list.append(form.element);
    tell();
    return form;
  }

  function tell(): void {
    for (const [at, form] of forms.entries()) form.number(at);
    const isFull = forms.length >= LIFT_LIMITS.lifts;
    setText(count, forms.length === 0 ? '(if some were measured)' : `(${forms.length})`);
    setText(add, forms.length === 0 ? 'Add a lift' : 'Add another lift');
    setText(most, isFull ? `At most ${LIFT_LIMITS.lifts} lifts are judged.` : '');
    add.disabled = isFull;
  }

  for (const lift of first) append(lift);
  tell();
  return {
    element,
    read() {
      const checked = forms.map((form) => form.check());
      const wrong = checked.find((one) => one.wrong)?.wrong;
      if (wrong === undefined) return checked.flatMap(({ lift }) => (lift ? [lift] : []));
      element.open = true;
      wrong.focus();
      return undefined;
    },
  };
}

interface FieldText {
  readonly field: LiftField;
  readonly label: string;
  readonly hint: string;
  /** By what they mean, each as the worker calls it; absent where something is typed in. */
  readonly choices?: readonly (readonly [value: string, text: string])[];
}

const HOURS = { '<=1h': 'up to 1 hour', '<=2h': 'up to 2 hours', '<=8h': 'up to 8 hours' } as const;

const FIELDS: readonly FieldText[] = [
  { field: 'name', label: 'Name', hint: 'if you like, such as Pallet' },
  { field: 'H_cm', label: 'Reach H, cm', hint: 'from the middle between the ankles to the hands' },
  { field: 'V_cm', label: 'Height V, cm', hint: 'of the hands above the floor, at the start' },
  { field: 'D_cm', label: 'Travel D, cm', hint: 'how far up or down' },
  {
    ...{ field: 'A_deg', label: 'Turn A, degrees' },
    hint: 'how far the load lies to the side; empty: straight in front',
  },
  { field: 'lifts_per_min', label: 'Lifts a minute', hint: 'on average, such as 2 or 0.5' },
  {
    ...{ field: 'duration', label: 'How long a day', hint: 'at this pace' },
    choices: [['', 'choose'], ...LIFT_DURATIONS.map((one) => [one, HOURS[one]] as const)],
  },
  {
    ...{ field: 'coupling', label: 'Grip', hint: 'good: handles; poor: slippery, sagging, no edge' },
    choices: [['', 'not known (as good)'], ...LIFT_COUPLINGS.map((one) => [one, one] as const)],
  },
  { field: 'load_kg', label: 'Load, kg', hint: 'for the lifting index; empty: only the limit' },
];

/** Tells the fields of all lifts apart. */
let made = 0;

function liftForm(texts: LiftTexts, remove: () => void): LiftForm {
  made += 1;
  const id = `lift-${made}`;
  const legend = h('legend', {});
  const button = h('button', { type: 'button', class: 'plain', click: remove }, 'Remove');
  let isChecked = false;
  const fields = FIELDS.map((one) => liftField(`${id}-${one.field}`, one, texts[one.field]));
  const read = () =>
    readLift(
      Object.fromEntries(fields.map(({ field, input }) => [field, input.value])) as Record<LiftField, string>,
    );
  function check() {
    isChecked = true;
    const found = read();
    const problems = 'problems' in found ? found.problems : {};
    for (const { field, tell } of fields) tell(problems[field]);
    const wrong = fields.find(({ field }) => problems[field] !== undefined)?.input;
    return { ...('lift' in found ? found : {}), ...(wrong ? { wrong } : {}) };
  }
  const element = h(
    'fieldset',
    // Nobody is told of what is wrong while still typing, but at once that it is mended.
    { class: 'lift', input: () => isChecked && check() },
    legend,
    h('div', { class: 'fields' }, ...fields.map((one) => one.element)),
    button,
  );
  return {
    ...{ element, check },
    focus: () => fields[0]?.input.focus(),
    number(at) {
      setText(legend, `Lift ${at + 1}`);
      button.setAttribute('aria-label', `Remove lift ${at + 1}`);
    },
  };
}

function liftField(id: string, { field, label, hint, choices }: FieldText, value: string) {
  const describedBy = { 'aria-describedby': `${id}-hint` };
  const input = choices
    ? h('select', { id, ...describedBy }, ...choices.map(([one, text]) => h('option', { value: one }, text)))
    : h('input', {
        ...{ type: 'text', id, autocomplete: 'off', ...describedBy },
        ...(field in LIFT_NUMBERS ? { inputmode: 'decimal' } : { maxlength: LIFT_LIMITS.nameLength }),
      });
  input.value = value;
  const problem = h('p', { class: 'bad-text small', id: `${id}-problem`, hidden: true });
  const element = h(
    'div',
    {},
    h('label', { for: id }, label),
    input,
    problem,
    h('p', { class: 'quiet small', id: `${id}-hint` }, hint),
  );
  return {
    ...{ field, input, element },
    tell(sentence = '') {
      const isWrong = sentence !== '';
      setText(problem, sentence);
      problem.hidden = !isWrong;
      input.setAttribute('aria-describedby', isWrong ? `${id}-problem ${id}-hint` : `${id}-hint`);
      if (isWrong) input.setAttribute('aria-invalid', 'true');
      else input.removeAttribute('aria-invalid');
    },
  };
}
