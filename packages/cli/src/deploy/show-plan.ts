import { style } from '../output.ts';
import type { Change } from './changes.ts';
import type { Plan, Step } from './plan-deploy.ts';

/** A plan as people read it: what comes, goes and changes, line by line; values of secrets never. */
export function planText(plan: Plan, drift: ReadonlySet<string> = new Set()): string {
  if (plan.refusals.length > 0) return plan.refusals.map((one) => style('red', `  ! ${one}`)).join('\n');
  if (plan.steps.length === 0) return style('dim', '  nothing to do: RunPod has what the file says');
  return plan.steps.map((step) => stepText(step, drift)).join('\n');
}

function stepText(step: Step, drift: ReadonlySet<string>): string {
  switch (step.type) {
    case 'create-volume': {
      const { name, size, dataCenter } = step.body;
      return style('green', `  + volume ${name}, ${size} GB in ${dataCenter} (paid for until it is deleted)`);
    }
    case 'enlarge-volume':
      return style(
        'yellow',
        `  ~ volume ${step.name} (${step.id}): ${step.from} GB → ${step.to} GB, for good`,
      );
    case 'create-endpoint':
      return [style('green', `  + endpoint ${step.body.name}`), ...changeLines(step.changes, drift)].join(
        '\n',
      );
    case 'update-endpoint':
      return [
        style('yellow', `  ~ endpoint ${step.name} (${step.id})`),
        ...changeLines(step.changes, drift),
      ].join('\n');
    case 'delete-endpoint':
      return style('red', `  - endpoint ${step.name} (${step.id}): its workers end, its jobs are cancelled`);
    case 'delete-volume':
      return style('red', `  - volume ${step.name} (${step.id}) with all its data`);
  }
}

function changeLines(changes: readonly Change[], drift: ReadonlySet<string>): string[] {
  const shown = changes.filter(({ field }) => field !== 'name' || changes.length === 1);
  const width = Math.max(0, ...shown.map(({ field }) => field.length));
  return shown.map((change) => {
    const mark = change.from === undefined ? '+' : change.to === undefined ? '-' : '~';
    const why = drift.has(change.field) ? style('dim', '   (was changed at RunPod)') : '';
    return `      ${mark} ${change.field.padEnd(width)}  ${changeText(change)}${why}`;
  });
}

function changeText({ from, to, isSecret, field }: Change): string {
  if (isSecret) {
    if (from === undefined) return '(hidden)';
    return to === undefined ? '(hidden) → none' : '(hidden) → (another value)';
  }
  if (from === undefined) return valueText(field, to);
  return `${valueText(field, from)} → ${to === undefined ? 'none' : valueText(field, to)}`;
}

/** RunPod's field names don't tell their units. */
const UNITS: Readonly<Record<string, string>> = { timeout: 'ms', 'workers.idleTimeout': 's', disk: 'GB' };

function valueText(field: string, value: unknown): string {
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) {
    return value.length === 0 ? 'none' : value.join(', ');
  }
  if (value === '') return field.startsWith('env.') ? '""' : 'none';
  if (typeof value === 'string') return value;
  const unit = UNITS[field];
  return unit === undefined ? JSON.stringify(value) : `${String(value)} ${unit}`;
}

/** A plan for programs: the same, with the same things hidden. */
export function planJson({ steps, refusals }: Plan): unknown {
  return { refusals, steps: steps.map(stepJson) };
}

function stepJson(step: Step): unknown {
  switch (step.type) {
    case 'create-volume':
      return { type: step.type, ...step.body };
    case 'create-endpoint':
      return { type: step.type, name: step.body.name, changes: step.changes.map(changeJson) };
    case 'update-endpoint':
      return { type: step.type, id: step.id, name: step.name, changes: step.changes.map(changeJson) };
    default:
      return step;
  }
}

function changeJson({ field, from, to, isSecret }: Change): unknown {
  const hide = (value: unknown) => (isSecret && value !== undefined ? '(hidden)' : value);
  return { field, from: hide(from), to: hide(to) };
}
