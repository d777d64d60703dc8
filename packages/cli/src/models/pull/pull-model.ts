import { rm } from 'node:fs/promises';
import path from 'node:path';
import {
  type ContractName,
  type Dtype,
  findDamage,
  ModelError,
  parseCard,
  type RecognisedModel,
  recogniseFolder,
  writeCard,
  writeStamps,
} from '@spillway/workers/models';
import { CliError } from '../../cli-error.ts';
import { createRemote, type RemoteTools } from './create-remote.ts';
import { type Downloaded, explainDisk } from './download-file.ts';
import { holdLock } from './folder-lock.ts';
import { gatherFiles, missingData } from './gather-files.ts';
import { type PinnedModel, readLockFile, updateLockFile } from './lock-file.ts';
import { contentId, type ModelVersions, openVersions, type Stage } from './model-versions.ts';
import { assertPinned, decideRevision, findChange } from './pinning.ts';
import type { PullView } from './pull-view.ts';
import { buildCard } from './pulled-card.ts';
import type { Listing, Remote } from './remote.ts';
import { PassingError, type RemoteCalls } from './remote-calls.ts';
import { type Selection, selectFiles } from './select-files.ts';
import { type ModelSource, nameOfSource, sourceId } from './source.ts';

/**
 * One model from its origin into a models folder: list, choose, fetch what is not there, look inside, publish, pin. Until
 * the last two steps nothing that a worker could see has changed, and a pull that is cut anywhere goes on when repeated.
 */
export interface PullRequest {
  readonly source: ModelSource;
  readonly into: string;
  readonly lockFile: string;
  readonly name?: string | undefined;
  readonly contract?: ContractName | undefined;
  readonly dtypes?: readonly Dtype[] | undefined;
  readonly isAll?: boolean | undefined;
  /** Lets what is pinned be replaced by what the origin has now. */
  readonly isUpdate?: boolean | undefined;
}

export interface PullTools extends RemoteTools {
  readonly signal: AbortSignal;
  readonly view: PullView;
}

export interface PulledModel {
  readonly name: string;
  readonly path: string;
  readonly source: string;
  readonly revision?: string | undefined;
  readonly contract: ContractName;
  readonly dtypes: readonly Dtype[];
  readonly files: PinnedModel['files'];
  /** `unchanged`: every file was there and had its hash. */
  readonly state: 'pulled' | 'unchanged';
  readonly fetchedBytes: number;
}

const MAX_CARD_BYTES = 4_000_000;

/** @throws CliError with the sentence for its user. */
export async function pullModel(request: PullRequest, tools: PullTools): Promise<PulledModel> {
  const name = request.name ?? nameOfSource(request.source);
  const { clock, signal, view } = tools;
  try {
    const lock = await holdLock(path.join(request.into, '.locks', name), {
      ...{ clock, signal },
      onWait: (holder) => view.say(`${name} is being pulled by ${holder}: waiting for it.`),
    });
    try {
      return await pullAlone(name, request, tools);
    } finally {
      await lock.release();
    }
  } catch (error) {
    throw explainDisk(error, name);
  }
}

async function pullAlone(name: string, request: PullRequest, tools: PullTools): Promise<PulledModel> {
  const versions = await openVersions(request.into, name);
  const pinned = (await readLockFile(request.lockFile)).models[name];
  assertPinned(name, pinned, request.source, request.lockFile);
  const here = pinned && (await whatIsHere(versions, name, pinned, request));
  if (tools.settings.isOffline) {
    if (here?.problem === undefined && here) return here.model;
    throw new CliError(
      'OFFLINE',
      `${name} can't be pulled offline: ${here?.problem ?? `${request.lockFile} pins no model of that name`}.`,
    );
  }
  const { remote, calls } = await createRemote(request.source, tools);
  const revision = decideRevision(name, pinned, request);
  const listed = await remote.list(revision.asked, tools.signal).catch((error: unknown) => {
    // Whole and pinned: that the origin is away just now changes nothing.
    const isAway =
      error instanceof CliError &&
      ['UNREACHABLE', 'UNAVAILABLE', 'RATE_LIMITED', 'TOO_SLOW'].includes(error.code);
    if (!isAway || here?.problem !== undefined || !here || request.isUpdate) throw error;
    tools.view.say(`${error.message} What is here has the pinned hashes.`);
    return undefined;
  });
  if (listed === undefined && here) return here.model;
  const listing = await withOwnCard(listed ?? { files: [] }, remote, tools.signal);
  const origin = sourceId(request.source);
  if (revision.isMoving && listing.revision !== undefined)
    tools.view.say(`${origin}: ${revision.ref} is ${listing.revision}, which is pinned now.`);
  const selection = chooseFiles(listing, origin, pinned, request);
  if (pinned && !request.isUpdate) {
    const change = findChange(pinned, listing);
    if (change)
      throw new CliError(
        'CHANGED_UPSTREAM',
        `${name}: ${change}. What is here stays as it is; --update takes the new content.`,
      );
    if (here?.problem === undefined && here && selection.files.every((file) => pinned.files[file]))
      return here.model;
  }
  const task = {
    name,
    request,
    tools,
    remote,
    calls,
    versions,
    listing,
    selection,
    pinned,
    ref: revision.ref,
  };
  return await fetchAndPublish(task);
}

/** What a repeated pull finds, and what keeps it from being all. */
async function whatIsHere(
  versions: ModelVersions,
  name: string,
  pinned: PinnedModel,
  request: PullRequest,
): Promise<{ problem?: string; model: PulledModel }> {
  const { source, revision, contract, dtypes, files } = pinned;
  const place = path.join(request.into, name);
  const model = {
    ...{ name, path: place, source, revision, contract, dtypes, files },
    state: 'unchanged',
    fetchedBytes: 0,
  } as const;
  const folder = await versions.current();
  if (folder === undefined) return { model, problem: `there is no ${place}` };
  const missing = request.dtypes?.filter((dtype) => !dtypes.includes(dtype)) ?? [];
  if (missing.length > 0) return { model, problem: `its ${missing.join(' and ')} weights were not pulled` };
  const hashes = hashesIn(folder, files);
  const problems = await findDamage(hashes);
  if (problems.length > 0) return { model, problem: problems.join('; ') };
  await writeStamps(folder, hashes).catch(() => undefined);
  return { model };
}

function hashesIn(folder: string, files: PinnedModel['files']) {
  return Object.entries(files).map(([file, { sha256, bytes }]) => ({
    path: path.join(folder, file),
    sha256,
    bytes,
  }));
}

/** A repository may carry a card of ours; a `model.json` of another make is a file like any other. */
async function withOwnCard(listing: Listing, remote: Remote, signal: AbortSignal): Promise<Listing> {
  const file = listing.files.find(({ path: name }) => name === 'model.json');
  if (listing.card || !file) return listing;
  try {
    const answer = await remote.open(file, { revision: listing.revision, headers: {}, signal });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of answer.body) {
      bytes += chunk.length;
      if (bytes > MAX_CARD_BYTES) return listing;
      chunks.push(chunk);
    }
    return { ...listing, card: parseCard(Buffer.concat(chunks).toString('utf8'), 'model.json') };
  } catch (error) {
    if (error instanceof ModelError) return listing;
    throw error instanceof PassingError ? new CliError(error.code, error.message) : error;
  }
}

function chooseFiles(
  listing: Listing,
  origin: string,
  pinned: PinnedModel | undefined,
  request: PullRequest,
): Selection {
  const { contract = pinned?.contract, isAll, dtypes } = request;
  const kept = pinned?.dtypes ?? [];
  // What was pulled before stays.
  const wanted = dtypes || pinned ? [...new Set([...kept, ...(dtypes ?? [])])] : undefined;
  const paths = listing.files.map(({ path: file }) => file);
  return selectFiles(paths, origin, { contract, dtypes: wanted, isAll, card: listing.card });
}

interface Task {
  readonly name: string;
  readonly request: PullRequest;
  readonly tools: PullTools;
  readonly remote: Remote;
  readonly calls: RemoteCalls;
  readonly versions: ModelVersions;
  readonly listing: Listing;
  readonly selection: Selection;
  readonly pinned: PinnedModel | undefined;
  readonly ref: string | undefined;
}

async function fetchAndPublish(task: Task): Promise<PulledModel> {
  const { name, request, tools, remote, calls, versions, listing, selection, pinned, ref } = task;
  const stage = versions.stage(listing.revision?.slice(0, 16) ?? 'files');
  const current = await versions.current();
  const pins = request.isUpdate ? undefined : pinned?.files;
  const gathering = { remote, calls, listing, stage, current, pins, into: request.into, ...tools };
  const first = await gatherFiles(gathering, selection.files);
  const data = await missingData(Object.keys(first.files), listing, stage, request.source);
  const rest = await gatherFiles(gathering, data);
  const files = { ...first.files, ...rest.files };
  const fetchedBytes = first.fetchedBytes + rest.fetchedBytes;
  const recognised = await lookInside(task, stage);
  const { source } = request;
  const card = await buildCard({ name, source, listing, selection, recognised, files, folder: stage.files });
  await writeCard(stage.files, card);
  await writeStamps(stage.files, hashesIn(stage.files, card.files));
  const place = await versions.publish(stage, contentId(files));
  const { revision } = listing;
  const pin: PinnedModel = {
    source: sourceId(source),
    ...(revision === undefined ? {} : { revision }),
    ...(ref === undefined ? {} : { ref }),
    ...{ contract: recognised.contract, dtypes: [...selection.dtypes], files: withEtags(files, listing) },
  };
  const pinIt = (models: Record<string, PinnedModel>) => {
    models[name] = pin;
  };
  await updateLockFile(request.lockFile, pinIt, tools);
  const { contract, dtypes } = pin;
  return {
    ...{ name, path: place, source: pin.source, revision, contract, dtypes, files: pin.files, fetchedBytes },
    state: 'pulled',
  };
}

/** What fits no contract is not kept: repeating the pull would only find it again. */
async function lookInside({ name, request, selection }: Task, stage: Stage): Promise<RecognisedModel> {
  const [onlyContract] = selection.contracts;
  const contract = selection.contracts.length === 1 ? onlyContract : request.contract;
  try {
    return await recogniseFolder(stage.files, { name, contract, dtype: selection.dtypes[0] });
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    await rm(stage.files, { recursive: true, force: true });
    await rm(stage.notes, { recursive: true, force: true });
    throw new CliError('CONTRACT', error.message.replaceAll(stage.files, name));
  }
}

function withEtags(files: Readonly<Record<string, Downloaded>>, listing: Listing): PinnedModel['files'] {
  const sorted = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    sorted.map(([file, { sha256, bytes, etag }]) => {
      const listed = listing.files.find((one) => one.path === file);
      // Where the origin publishes hashes, nothing else is needed to see a change.
      const version =
        listed?.sha256 === undefined && listing.revision === undefined ? (listed?.etag ?? etag) : undefined;
      return [file, { sha256, bytes, ...(version === undefined ? {} : { etag: version }) }];
    }),
  );
}
