import { CHROMIUM, ensurePrograms, FFMPEG } from './system-programs.ts';

// `npm test` begins with this: what tests of videos and of pages need.
ensurePrograms([FFMPEG, CHROMIUM]);
