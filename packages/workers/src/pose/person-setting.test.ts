import { expect, test } from 'vitest';
import { personSettingSchema } from './person-setting.ts';

test.each([
  ['largest', 'largest'],
  ['longest', 'longest'],
  [2, { track: 2 }],
  [
    { at: [640, 300], t: 1.5 },
    { at: [640, 300], t: 1.5 },
  ],
])('%j is a person', (written, choice) => {
  expect(personSettingSchema.parse(written)).toEqual(choice);
});

test.each(['biggest', 0, 1.5, { at: [1], t: 0 }, { at: [1, 2] }, { at: [1, 2], t: -1 }, null])(
  '%j is refused with what is expected',
  (written) => {
    const { error } = personSettingSchema.safeParse(written);
    expect(error?.issues[0]?.message).toMatch(/^expected /);
  },
);
