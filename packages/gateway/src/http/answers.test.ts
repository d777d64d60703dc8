import type { FastifyReply } from 'fastify';
import { expect, test } from 'vitest';
import { createAnswers } from './answers.ts';
import type { HttpCall } from './http-call.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A call whose reply only notes what is sent. */
function newCall(sent: string[], { name = 'call', isGone = false, onLost = () => {} } = {}) {
  const reply = {
    sent: false,
    raw: { destroyed: isGone },
    code: (status: number) => {
      sent.push(`${name} ${status}`);
      return reply;
    },
    type: () => reply,
    send: (payload: unknown) => {
      if (payload instanceof Error) sent.push(`${name} failed: ${payload.constructor.name}`);
      else if (payload !== undefined) sent.push(`${name} ${String(payload)}`);
      return reply;
    },
  };
  return { reply: reply as unknown as FastifyReply, onLost } as HttpCall;
}

test('answers of one turn are written together at its end, in the order in which they came', async () => {
  const answers = createAnswers(() => false);
  const sent: string[] = [];
  answers.add(newCall(sent, { name: 'first' }), { n: 1 });
  answers.add(newCall(sent, { name: 'second' }), undefined);
  answers.add(newCall(sent, { name: 'third' }), '{"n":1.0}');
  expect(sent).toEqual([]);
  await turn();
  expect(sent).toEqual(['first {"n":1}', 'second 204', 'third {"n":1.0}']);
  answers.add(newCall(sent, { name: 'fourth' }), '{}');
  await turn();
  expect(sent.at(-1)).toBe('fourth {}');
});

test('whose client has left meanwhile is told of, and the others get their answers', async () => {
  const answers = createAnswers(() => false);
  const sent: string[] = [];
  const lost: string[] = [];
  answers.add(newCall(sent, { name: 'gone', isGone: true, onLost: () => lost.push('gone') }), '{}');
  answers.add(newCall(sent, { name: 'there', onLost: () => lost.push('there') }), '{}');
  await turn();
  expect(lost).toEqual(['gone']);
  expect(sent).toContain('there {}');
});

test('one that can not be written becomes an error, and the others get their answers', async () => {
  const answers = createAnswers(() => false);
  const sent: string[] = [];
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  answers.add(newCall(sent, { name: 'first' }), circular);
  answers.add(newCall(sent, { name: 'second' }), '{}');
  await turn();
  expect(sent).toEqual(['first failed: TypeError', 'second {}']);
});

test('while the gateway stops an answer is written at once, since its connection is about to be closed', () => {
  const sent: string[] = [];
  createAnswers(() => true).add(newCall(sent), '{}');
  expect(sent).toEqual(['call {}']);
});
