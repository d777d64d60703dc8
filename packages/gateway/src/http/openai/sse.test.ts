import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSseText } from './sse.ts';

describe('server-sent events of a worker’s chunks', () => {
  it('passes text on untouched, also where a chunk ends inside an event', () => {
    const sse = createSseText();
    const chunks = ['data: {"a":1.0}\n\ndata: {"b"', ':2}\n\n', 'data: [DONE]\n\n'];
    expect(chunks.map((text) => sse.chunk(JSON.stringify(text)))).toEqual(chunks);
    expect(sse.end()).toBe('');
  });

  it('adds no [DONE] to text: not every API of OpenAI ends with one', () => {
    const sse = createSseText();
    sse.chunk('"event: response.completed\\ndata: {}\\n\\n"');
    expect(sse.end()).toBe('');
  });

  it('makes an event of each object of a list, digits as they were, and ends with [DONE]', () => {
    const sse = createSseText();
    expect(sse.chunk('[{"p":1.0,"big":12345678901234567890}, {"p":2}]')).toBe(
      'data: {"p":1.0,"big":12345678901234567890}\n\ndata: {"p":2}\n\n',
    );
    expect(sse.chunk('{"x":\n[1,\r\n2]}')).toBe('data: {"x": [1, 2]}\n\n');
    expect(sse.end()).toBe('data: [DONE]\n\n');
    expect(sse.end()).toBe('');
  });

  it('says [DONE] once where the worker says it itself', () => {
    const sse = createSseText();
    sse.chunk('[{"p":1}]');
    expect(sse.chunk('["data: [DONE]\\n\\n"]')).toBe('data: [DONE]\n\n');
    expect(sse.end()).toBe('');
  });

  it('says nothing for an empty list or text', () => {
    const sse = createSseText();
    expect([sse.chunk('[]'), sse.chunk('""'), sse.end()]).toEqual(['', '', '']);
  });

  it('an error that follows half an event stands in an event of its own', () => {
    const sse = createSseText();
    expect(sse.isBetweenEvents()).toBe(true);
    sse.chunk('"data: {\\"a\\""');
    expect(sse.isBetweenEvents()).toBe(false);
    expect(sse.error('{"error":{}}')).toBe('\n\ndata: {"error":{}}\n\n');
    expect(sse.isBetweenEvents()).toBe(true);
    expect(sse.error('{}')).toBe('data: {}\n\n');
  });

  it('keeps every value of any list of objects', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), fc.boolean(), (list, isSpaced) => {
        const text = createSseText().chunk(JSON.stringify(list, null, isSpaced ? 2 : undefined));
        const events = text.split('\n\n').slice(0, -1);
        expect(events.map((event) => JSON.parse(event.replace(/^data: /, '')) as unknown)).toEqual(
          JSON.parse(JSON.stringify(list)),
        );
      }),
    );
  });
});
