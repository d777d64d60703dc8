import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Analysis, JobStatusView } from './analysis.ts';
import type { PageState } from './page-state.ts';
import { Session } from './session.ts';
import type { VideoFacts } from './video-file.ts';

const VIDEO = new File(['bytes'], 'walk.mp4', { type: 'video/mp4', lastModified: 1 });
const STARTED = { jobId: 'job_1', processJobId: 'p1' };
const HOUR_S = 3_600;
const LINK_IS_OVER = new Error('401');
const TOO_LARGE = new Error('413');

/** What a browser would remember. */
let kept: Map<string, string>;
beforeEach(() => {
  kept = new Map();
  vi.stubGlobal('localStorage', {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
    removeItem: (name: string) => kept.delete(name),
  });
});
afterEach(() => vi.unstubAllGlobals());

/** A page that was just opened, whose server does as the test says. */
function openSession(
  server: Partial<Analysis>,
  tell: (message: string) => void = () => undefined,
  readFacts: () => Promise<VideoFacts | undefined> = async () => undefined,
) {
  const now = { ms: 0 };
  const states: PageState[] = [];
  const changed = new Set<() => void>();
  const session = new Session({
    analysis: {
      keyOfWhole: async () => undefined,
      begin: async () => ({ id: 'u1' }),
      send: async () => 'uploads/video_1.mp4',
      start: async (_key: string, _settings: object, watch: Parameters<Analysis['start']>[2]) =>
        watch.onStarted(STARTED),
      ...server,
    } as unknown as Analysis,
    endpoint: 'ergonomics',
    terms: Promise.resolve({ maxVideoBytes: 4, maxVideoMs: 8 * HOUR_S * 1000, expiresAt: 1 }),
    readFacts,
    now: () => now.ms,
    tabs: {
      tellSending: (bytes) => tell(`sending ${bytes}`),
      tellOver: () => tell('over'),
      ask: () => tell('ask'),
    },
    inFlightBytes: () => 0,
    show(state) {
      states.push(state);
      for (const look of changed) look();
    },
    explain(error) {
      if (error === LINK_IS_OVER) return { needs: 'link', sentence: 'over' };
      if (error === TOO_LARGE) return { needs: 'file', sentence: 'too large' };
      return { needs: 'nothing', sentence: String(error) };
    },
  });
  const reached = (is: PageState['is']) =>
    new Promise<PageState>((resolve) => {
      const look = () => {
        const found = states.find((state) => state.is === is);
        if (found) resolve(found);
      };
      changed.add(look);
      look();
    });
  return { session, states, reached, now };
}

const never = () => new Promise<never>(() => undefined);
const completed: JobStatusView = { job_id: 'job_1', status: 'completed', progress: 100 };

test('a new link goes on with what is being processed, and sends nothing again', async () => {
  const first = openSession({ watch: async () => Promise.reject(LINK_IS_OVER) });
  first.session.choose(VIDEO);
  void first.session.begin({ quality: 'low', title: 'Walk' });
  await first.reached('needsLink');
  const send = vi.fn();
  const watch = vi.fn(async () => completed);
  const second = openSession({ send, watch });
  second.session.open(first.session.file);
  expect(await second.reached('done')).toMatchObject({ name: 'walk.mp4' });
  expect(watch).toHaveBeenCalledWith(STARTED, expect.anything(), expect.anything());
  expect(send).not.toHaveBeenCalled();
});

test('a new link in the middle of an upload goes on with the chosen file', async () => {
  const first = openSession({ send: async () => Promise.reject(LINK_IS_OVER) });
  first.session.choose(VIDEO);
  void first.session.begin({ quality: 'low', title: 'Walk' });
  await first.reached('needsLink');
  const second = openSession({});
  second.session.open(first.session.file);
  expect(await second.reached('chosen')).toMatchObject({ file: VIDEO, unfinished: { title: 'Walk' } });
});

test('a video that is larger than the server said is refused when it is chosen', async () => {
  const { session, states } = openSession({ send: never });
  await session.terms;
  session.choose(VIDEO);
  expect(states.at(-1)).toMatchObject({
    is: 'choosing',
    problem: expect.stringContaining('at most 4 bytes'),
  });
});

const lasting = (hours: number) => async () => ({ seconds: hours * HOUR_S, widthPx: 640, heightPx: 480 });

test('a video that is longer than the server said is refused once its length is known, and nothing is sent', async () => {
  const begin = vi.fn();
  const { session, states, reached } = openSession({ begin }, undefined, lasting(8.5));
  session.choose(VIDEO);
  void session.begin({ quality: 'low', title: '' });
  expect(await reached('choosing')).toMatchObject({
    problem: expect.stringMatching(/lasts 8:30:00; videos of at most 8 hours are taken here/),
  });
  expect(states.map(({ is }) => is)).not.toContain('uploading');
  expect(begin).not.toHaveBeenCalled();
});

test('a video that is too long for a quality is sent in another one only', async () => {
  const { session, states, reached } = openSession({ send: never }, undefined, lasting(4));
  session.choose(VIDEO);
  await session.begin({ quality: 'ultra', title: '' });
  expect(states.at(-1)).toMatchObject({
    is: 'chosen',
    problem: expect.stringContaining('of quality "ultra" at most 3.7 are scored. Take a lower quality'),
  });
  void session.begin({ quality: 'high', title: '' });
  await reached('uploading');
});

test('lifts go with the job, and stand in the form again after a reload', async () => {
  const lifts = [{ H_cm: 40, V_cm: 30, D_cm: 60, lifts_per_min: 2, duration: '<=8h' as const }];
  const first = openSession({ send: never });
  first.session.choose(VIDEO);
  void first.session.begin({ quality: 'low', title: '', lifts });
  await first.reached('uploading');
  const start = vi.fn(async () => undefined);
  const second = openSession({ start });
  second.session.choose(VIDEO);
  expect(second.states.at(-1)).toMatchObject({ is: 'chosen', unfinished: { lifts } });
  void second.session.begin({ quality: 'low', title: '', lifts });
  await second.reached('processing');
  await vi.waitFor(() => expect(start).toHaveBeenCalled());
  expect(start).toHaveBeenCalledWith(
    'uploads/video_1.mp4',
    expect.objectContaining({ lifts }),
    expect.anything(),
  );
});

test('progress is told only while something is sent', async () => {
  const { session, states, reached } = openSession({ send: never });
  session.choose(VIDEO);
  session.noteProgress();
  expect(states.at(-1)?.is).toBe('chosen');
  void session.begin({ quality: 'low', title: '' });
  await reached('uploading');
  session.pause();
  session.noteProgress();
  expect(states.at(-1)).toMatchObject({ is: 'uploading', isPaused: true });
});

test('a tab that is opened while another one uploads watches it, and goes on when that one is through', async () => {
  const first = openSession({ send: never });
  first.session.choose(VIDEO);
  void first.session.begin({ quality: 'low', title: 'Walk' });
  await first.reached('uploading');
  const told: string[] = [];
  const second = openSession({ watch: async () => completed }, (message) => told.push(message));
  second.session.open();
  expect(told).toEqual(['ask']);
  second.session.otherTabSends(3);
  expect(second.states.at(-1)).toEqual({ is: 'elsewhere', name: 'walk.mp4', sentBytes: 3, sizeBytes: 5 });
  const before = JSON.parse(kept.get('spillway.video.ergonomics') ?? '{}');
  kept.set('spillway.video.ergonomics', JSON.stringify({ ...before, videoKey: 'v', ...STARTED }));
  second.session.otherTabIsOver();
  expect(await second.reached('done')).toMatchObject({ name: 'walk.mp4' });
});

test('a tab that says nothing any more is not waited for', async () => {
  const { session, states, now } = openSession({});
  session.open();
  session.otherTabSends(3);
  now.ms = 60_000;
  session.tick();
  expect(states.at(-1)?.is).toBe('elsewhere');
  now.ms = 90_000;
  session.tick();
  expect(states.at(-1)?.is).toBe('choosing');
});

test('a tab that sends says so until it pauses', async () => {
  const told: string[] = [];
  const { session, reached } = openSession({ send: never }, (message) => told.push(message));
  session.choose(VIDEO);
  void session.begin({ quality: 'low', title: '' });
  await reached('uploading');
  await Promise.resolve();
  session.tick();
  session.pause();
  session.tick();
  expect(told).toEqual(['sending 0', 'over']);
});

test('a file that is chosen while another tab sends it is not sent twice', async () => {
  const send = vi.fn(never);
  const second = openSession({ send });
  second.session.open();
  second.session.choose(VIDEO);
  const first = openSession({ send: never });
  first.session.choose(VIDEO);
  void first.session.begin({ quality: 'low', title: 'Walk' });
  await first.reached('uploading');
  second.session.otherTabSends(3);
  await second.session.begin({ quality: 'low', title: '' });
  expect(second.states.at(-1)).toMatchObject({ is: 'elsewhere', name: 'walk.mp4' });
  expect(send).not.toHaveBeenCalled();
});

test('a video that the server takes none of is not asked for again', async () => {
  const { session, states, reached } = openSession({ begin: async () => Promise.reject(TOO_LARGE) });
  session.choose(VIDEO);
  void session.begin({ quality: 'low', title: '' });
  await reached('uploading');
  await vi.waitFor(() => expect(states.at(-1)).toEqual({ is: 'choosing', problem: 'too large' }));
  expect(kept.size).toBe(0);
});

test('a video whose processing was lost is started again without being sent again, and a cancelled one is not', async () => {
  const failed = (more: Partial<JobStatusView>): JobStatusView => ({
    ...completed,
    status: 'failed',
    ...more,
  });
  const views = [failed({ error: 'Lost. Start it again.' }), completed];
  const start = vi.fn(async (_key: string, _settings: object, watch: Parameters<Analysis['start']>[2]) =>
    watch.onStarted(STARTED),
  );
  const lost = openSession({ start, watch: async () => views.shift() ?? completed });
  lost.session.choose(VIDEO);
  void lost.session.begin({ quality: 'low', title: 'Walk' });
  expect(await lost.reached('failed')).toMatchObject({ sentence: 'Lost. Start it again.', canGoOn: true });
  // A reload begins anew: it may have been refused for good.
  expect(kept.size).toBe(0);
  lost.session.goOn();
  expect(await lost.reached('done')).toMatchObject({ name: 'walk.mp4' });
  expect(start.mock.calls.map(([key]) => key)).toEqual(['uploads/video_1.mp4', 'uploads/video_1.mp4']);
  const over = openSession({ watch: async () => failed({ state: 'cancelled' }) });
  over.session.again();
  over.session.choose(VIDEO);
  void over.session.begin({ quality: 'low', title: '' });
  expect(await over.reached('failed')).toMatchObject({ canGoOn: false });
});
