import { wrongUse } from '../../cli-error.ts';

/** Where a model is pulled from, as its user writes it. */
export type ModelSource =
  | { readonly kind: 'hub'; readonly repository: string; readonly revision?: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string }
  | { readonly kind: 'web'; readonly url: string };

const FORMS =
  'expected hf:<owner>/<name>, hf:<owner>/<name>@<revision>, s3://<bucket>/<prefix>, or https://… of an .onnx file or of a folder with a model.json';

const REPOSITORY = /^[\w][\w.-]*\/[\w][\w.-]*$/;

/** @throws CliError (wrong use) naming the forms there are. */
export function parseSource(text: string): ModelSource {
  if (text.startsWith('hf:')) return parseHub(text, text.slice(3));
  if (text.startsWith('s3://')) return parseS3(text);
  if (/^https?:\/\//.test(text)) return parseUrl(text);
  const hint = REPOSITORY.test(text) ? ` Did you mean hf:${text}?` : '';
  throw wrongUse(`"${text}" names no place to pull from: ${FORMS}.${hint}`);
}

function parseHub(text: string, rest: string): ModelSource {
  const at = rest.indexOf('@');
  const repository = at < 0 ? rest : rest.slice(0, at);
  const revision = at < 0 ? undefined : rest.slice(at + 1);
  if (!REPOSITORY.test(repository)) throw wrongUse(`"${text}" names no model of a hub: ${FORMS}.`);
  if (revision === '') throw wrongUse(`"${text}" has no revision behind the @: a branch, a tag or a commit.`);
  return { kind: 'hub', repository, ...(revision === undefined ? {} : { revision }) };
}

function parseS3(text: string): ModelSource {
  const [, bucket = '', rest = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(text) ?? [];
  if (bucket === '') throw wrongUse(`"${text}" names no bucket: ${FORMS}.`);
  const prefix = rest.replace(/\/+$/, '');
  if (prefix === '') throw wrongUse(`"${text}" is a whole bucket: name the folder of one model in it.`);
  return { kind: 's3', bucket, prefix };
}

function parseUrl(text: string): ModelSource {
  if (!URL.canParse(text)) throw wrongUse(`"${text}" is no URL: ${FORMS}.`);
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw wrongUse('The URL may not carry a user name or password, which would stand in the lock file.');
  }
  // As it is copied from a browser.
  const [, repository, revision] = /^\/([^/]+\/[^/]+)(?:\/tree\/([^/]+))?\/?$/.exec(url.pathname) ?? [];
  if (url.hostname === 'huggingface.co' && repository !== undefined) {
    return { kind: 'hub', repository, ...(revision === undefined ? {} : { revision }) };
  }
  return { kind: 'web', url: url.href };
}

/** What the lock file calls it: without the revision, which stands there by itself, and without a URL's query. */
export function sourceId(source: ModelSource): string {
  if (source.kind === 'hub') return `hf:${source.repository}`;
  if (source.kind === 's3') return `s3://${source.bucket}/${source.prefix}`;
  const url = new URL(source.url);
  return `${url.origin}${url.pathname.replace(/\/(model\.json)?$/, '')}`;
}

/** What its folder is called unless the user says otherwise. */
export function nameOfSource(source: ModelSource): string {
  const last = sourceId(source).split('/').at(-1) ?? '';
  const name = decodeURIComponent(last)
    .replace(/\.onnx$/, '')
    .replaceAll(/[^\w.-]+/g, '-')
    .replace(/^[.-]+/, '');
  return name === '' ? 'model' : name;
}
