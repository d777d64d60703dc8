import { stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { externalDataOf, findDamage } from '@spillway/workers/models';
import { CliError } from '../../cli-error.ts';
import { bytesText } from '../../text.ts';
import { type Downloaded, downloadFile } from './download-file.ts';
import { eachOf } from './each-of.ts';
import type { PinnedModel } from './lock-file.ts';
import { bringFile, type Stage } from './model-versions.ts';
import type { PullView } from './pull-view.ts';
import type { Listing, Remote, RemoteFile } from './remote.ts';
import type { RemoteCalls } from './remote-calls.ts';
import { isSafePath } from './safe-paths.ts';
import { type ModelSource, sourceId } from './source.ts';

/** Brings the files of a version into its stage: from the version that is here, or from the origin, several at once. */
export interface Gathering {
  readonly remote: Remote;
  readonly calls: Pick<RemoteCalls, 'pause'>;
  readonly listing: Listing;
  readonly stage: Stage;
  /** Folder of the version that is here. */
  readonly current: string | undefined;
  /** What files must be, whatever the origin says. */
  readonly pins: PinnedModel['files'] | undefined;
  readonly into: string;
  readonly signal: AbortSignal;
  readonly view: PullView;
}

export interface Gathered {
  readonly files: Readonly<Record<string, Downloaded>>;
  /** What came over the network. */
  readonly fetchedBytes: number;
}

const FILES_AT_ONCE = 4;

export async function gatherFiles(gathering: Gathering, wanted: readonly string[]): Promise<Gathered> {
  const { current, stage, into, signal } = gathering;
  const files: Record<string, Downloaded> = {};
  const missing: RemoteFile[] = [];
  for (const name of wanted) {
    const file = expected(name, gathering);
    const there =
      current && (await bringExisting(path.join(current, name), path.join(stage.files, name), file));
    if (there) files[name] = there;
    else missing.push(file);
  }
  await assertSpace(into, missing, stage);
  const aborter = new AbortController();
  const either = AbortSignal.any([signal, aborter.signal]);
  let fetchedBytes = 0;
  const fetchOne = async (file: RemoteFile) => {
    const counter = createCounter();
    files[file.path] = await fetchFile({ ...gathering, signal: either }, file, counter.show);
    fetchedBytes += counter.read();
  };
  await eachOf(missing, FILES_AT_ONCE, fetchOne, (error) => aborter.abort(error));
  return { files, fetchedBytes };
}

/** Counts what comes, not what was there. */
function createCounter() {
  let shown: number | undefined;
  let count = 0;
  return {
    show(bytes: number) {
      count += shown === undefined ? 0 : Math.max(0, bytes - shown);
      shown = bytes;
    },
    read: () => count,
  };
}

async function fetchFile(
  gathering: Gathering,
  file: RemoteFile,
  onBytes: (bytes: number) => void,
): Promise<Downloaded> {
  const { remote, calls, listing, stage, signal, view } = gathering;
  const done = await downloadFile({
    ...{ remote, calls, revision: listing.revision, file, signal },
    part: path.join(stage.files, file.path),
    note: path.join(stage.notes, `${file.path}.json`),
    onBytes(bytes) {
      onBytes(bytes);
      view.progress(file.path, bytes, file.bytes);
    },
  });
  view.done(file.path, done.bytes);
  return done;
}

function expected(name: string, { listing, pins }: Gathering): RemoteFile {
  const listed = listing.files.find((file) => file.path === name) ?? { path: name };
  const pin = pins?.[name];
  return pin ? { ...listed, bytes: pin.bytes, sha256: pin.sha256 } : listed;
}

async function bringExisting(from: string, to: string, file: RemoteFile): Promise<Downloaded | undefined> {
  const { sha256, bytes } = file;
  if (sha256 === undefined || bytes === undefined) return undefined;
  if ((await findDamage([{ path: from, sha256, bytes }])).length > 0) return undefined;
  await bringFile(from, to);
  return { sha256, bytes, etag: file.etag };
}

/** External data whose name does not follow from that of its `.onnx` file. */
export async function missingData(
  files: readonly string[],
  listing: Listing,
  stage: Stage,
  source: ModelSource,
): Promise<string[]> {
  const wanted = new Set<string>();
  for (const file of files.filter((name) => name.endsWith('.onnx'))) {
    for (const location of externalDataOf(path.join(stage.files, file))) {
      const place = path.posix.join(path.posix.dirname(file), location);
      if (files.includes(place)) continue;
      const isThere = listing.files.some((one) => one.path === place) || source.kind === 'web';
      if (!isThere || !isSafePath(place))
        throw new CliError(
          'NOT_FOUND',
          `${file} keeps its weights in ${location}, which is not beside it at ${sourceId(source)}.`,
        );
      wanted.add(place);
    }
  }
  return [...wanted];
}

/** Better said before hours of fetching than after. */
async function assertSpace(folder: string, files: readonly RemoteFile[], stage: Stage): Promise<void> {
  const needed = files.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
  let parts = 0;
  for (const { path: file } of files)
    parts += (await stat(path.join(stage.files, file)).catch(() => undefined))?.size ?? 0;
  const disk = await statfs(folder).catch(() => undefined);
  if (!disk) return;
  const free = disk.bavail * disk.bsize;
  if (needed - parts > free)
    throw new CliError(
      'DISK',
      `${bytesText(needed - parts)} are to be fetched, and ${folder} has ${bytesText(free)} left.`,
    );
}
