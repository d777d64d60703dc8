/** The job of the bench: 1 KB of JSON as callers send it, with texts, numbers, a list and an object inside. */
const PROMPT = 'A concrete bridge seen from below after heavy rain, cracks and rust marked by hand. '.repeat(
  9,
);

export const JOB_INPUT = JSON.stringify({
  prompt: PROMPT,
  seed: 1_234_567_890,
  steps: 30,
  guidance: 7.5,
  size: { width: 1024, height: 768 },
  tags: ['bridge', 'concrete', 'inspection'],
  weights: Array.from({ length: 24 }, (_, index) => index / 8),
});

export const JOB_BODY = `{"input":${JOB_INPUT}}`;
