import { PYTHON_WITH_RUNPOD } from '../e2e/harness/python-sdk.ts';
import { ensureCached } from '../packages/artifacts/test/cached-program.ts';
import { VERSITY_GATEWAY } from '../packages/artifacts/test/versity.ts';
import { CHROMIUM, ensurePrograms, FFMPEG } from './system-programs.ts';

// `npm test` begins with this: what tests of videos, of pages, of buckets and of the official Python SDK need.
await Promise.all([
  ensurePrograms([FFMPEG, CHROMIUM]),
  ensureCached(PYTHON_WITH_RUNPOD),
  ensureCached(VERSITY_GATEWAY),
]);
