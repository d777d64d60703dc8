import type { Endpoint } from '@spillway/gateway/config';

/** A Dockerfile for an endpoint's workers, and the commands that make an image of it, push it and deploy it. Pure. */
export interface BuildFiles {
  readonly dockerfile: string;
  /** What the image must not hold, for a file beside the Dockerfile; absent where it copies nothing of that. */
  readonly ignore?: string;
  readonly commands: readonly string[];
}

/** Which of these are in the folder that the image is built from. */
export interface BuildFolder {
  readonly hasModels: boolean;
  readonly hasRequirements: boolean;
  readonly hasPackageJson: boolean;
  readonly hasLockFile: boolean;
  /** It says itself what stays out of images. */
  readonly hasIgnoreFile: boolean;
  /** What of the gateway lies in it, from there: its data with keys and jobs, its file. */
  readonly ofGateway: readonly string[];
}

/** Undefined for an endpoint that has an image already. */
export function buildFiles(
  endpoint: Pick<Endpoint, 'name' | 'worker' | 'command' | 'container' | 'deploy'>,
  folder: BuildFolder,
): BuildFiles | undefined {
  const { name, worker, command, container, deploy } = endpoint;
  if (container || (worker === undefined && command.length === 0)) return undefined;
  const dockerfile = worker === undefined ? forCommand(command, folder) : forWorker(worker, folder);
  const image = deploy?.image ?? `REGISTRY/${name}:1`;
  const isCpu = deploy?.cpu !== undefined;
  return {
    ...(worker === undefined && !folder.hasIgnoreFile ? { ignore: ignoreText(folder) } : {}),
    dockerfile: `# Workers of the endpoint ${name}; made by \`spillway deploy ${name} --build\`, yours to change.\n${dockerfile}`,
    commands: [
      ...(worker === undefined
        ? []
        : [
            `docker build ${PLATFORM} -f docker/${isCpu ? 'cpu' : 'cuda'}/Dockerfile -t spillway-worker:${isCpu ? 'cpu' : 'cuda'} .   # once, in a checkout of Spillway`,
          ]),
      `docker build ${PLATFORM} -f ${dockerfileName(name)}${worker !== undefined && isCpu ? ' --build-arg WORKER_IMAGE=spillway-worker:cpu' : ''} -t ${image} .`,
      `docker push ${image}`,
      ...(deploy?.image === undefined
        ? [`# write \`deploy: { image: ${image} }\` into spillway.yaml, then:`]
        : []),
      `spillway deploy ${name} --dry-run`,
      `spillway deploy ${name}`,
    ],
  };
}

/** RunPod's machines, whatever builds. */
const PLATFORM = '--platform linux/amd64';

/** Never in an image that others can pull, nor of use there. */
const PRIVATE = [
  '.git',
  '.env',
  '.env.*',
  '*.pem',
  '*.key',
  'node_modules',
  '.venv',
  '**/__pycache__',
  'Dockerfile.*',
];

function ignoreText({ ofGateway }: BuildFolder): string {
  return lines([
    '# Stays out of the image: keys, jobs and settings of this machine. Yours to change.',
    ...ofGateway,
    ...PRIVATE,
  ]);
}

/** Docker reads it in place of `.dockerignore`. */
export const ignoreFileName = (endpoint: string) => `${dockerfileName(endpoint)}.dockerignore`;

export const dockerfileName = (endpoint: string) => `Dockerfile.${endpoint}`;

function forWorker(worker: string, { hasModels }: BuildFolder): string {
  return lines([
    'ARG WORKER_IMAGE=spillway-worker:cuda',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the Dockerfile's own syntax
    'FROM ${WORKER_IMAGE}',
    ...(hasModels ? ['COPY --chown=1000:1000 models /models'] : []),
    `ENV WORKER=${worker}`,
  ]);
}

/** Bases that run the handler on a CPU; one with CUDA is named by BASE_IMAGE. */
const BASES: readonly (readonly [program: RegExp, image: string])[] = [
  [/(^|\/)python3?(\.\d+)?$/, 'python:3.12-slim'],
  [/(^|\/)(node|npm|npx)$/, 'node:24-bookworm-slim'],
];

function forCommand(command: readonly string[], folder: BuildFolder): string {
  const [program = ''] = command;
  const base = BASES.find(([pattern]) => pattern.test(program))?.[1] ?? 'debian:bookworm-slim';
  const lock = folder.hasLockFile ? ' package-lock.json' : '';
  return lines([
    '# For cards, name an image with CUDA: --build-arg BASE_IMAGE=runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404',
    `ARG BASE_IMAGE=${base}`,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the Dockerfile's own syntax
    'FROM ${BASE_IMAGE}',
    'WORKDIR /app',
    ...(folder.hasRequirements
      ? ['COPY requirements.txt ./', 'RUN python3 -m pip install --no-cache-dir -r requirements.txt']
      : []),
    ...(folder.hasPackageJson
      ? [`COPY package.json${lock} ./`, `RUN npm ${folder.hasLockFile ? 'ci' : 'install'} --omit=dev`]
      : []),
    'COPY . .',
    `CMD ${JSON.stringify(command)}`,
  ]);
}

const lines = (parts: readonly string[]) => `${parts.join('\n')}\n`;
