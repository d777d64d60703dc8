import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Provider } from './engine.ts';
import { ModelError } from './model-error.ts';
import { findOnnxRuntime } from './onnx-runtime.ts';

/**
 * Whether models run on an NVIDIA card or on the CPU. `auto` takes the card where one is there and ONNX Runtime has what
 * it needs for it; `cuda` takes nothing else. Which of several cards is CUDA's own business (`CUDA_VISIBLE_DEVICES`).
 */
export const PROVIDER_CHOICES = ['auto', 'cpu', 'cuda'] as const;

export type ProviderChoice = (typeof PROVIDER_CHOICES)[number];

/** What this machine and this installation have. */
export interface ProviderFacts {
  readonly hasCard: boolean;
  /** Files of ONNX Runtime's CUDA provider that are not installed. */
  readonly missing: readonly string[];
  /** Folder they belong in. */
  readonly folder: string;
}

export interface ProviderDecision {
  readonly provider: Provider;
  /** Why `auto` did not take CUDA. */
  readonly note?: string;
}

/** The package brings none of them; its install step fetches all three (for CUDA 12 and cuDNN 9). */
const PROVIDER_LIBRARIES = [
  'libonnxruntime_providers_shared.so',
  'libonnxruntime_providers_cuda.so',
  'libonnxruntime_providers_tensorrt.so',
];

/** TensorRT's library comes with the other two and isn't needed to run on CUDA. */
const OPTIONAL_LIBRARY = 'libonnxruntime_providers_tensorrt.so';

const HOW_TO_INSTALL =
  'They come with "npm rebuild onnxruntime-node --onnxruntime-node-install=cuda12" where api.nuget.org can be reached, and need CUDA 12 and cuDNN 9.';

/** @throws ModelError when CUDA was demanded and cannot be had. */
export function decideProvider(choice: ProviderChoice, facts: ProviderFacts): ProviderDecision {
  if (choice === 'cpu') return { provider: 'cpu' };
  const obstacles: string[] = [];
  if (!facts.hasCard) obstacles.push('no NVIDIA card is visible here');
  if (facts.missing.some((file) => file !== OPTIONAL_LIBRARY)) {
    // `/info` tells of this to everybody: where they should lie concerns whoever demanded CUDA.
    const where = choice === 'cuda' ? ` in ${facts.folder}` : '';
    obstacles.push(`ONNX Runtime's CUDA libraries are not installed: ${facts.missing.join(', ')}${where}`);
  }
  if (obstacles.length === 0) return { provider: 'cuda' };
  const what = obstacles.join(', and ');
  if (choice === 'auto') return { provider: 'cpu', note: `Models run on the CPU: ${what}.` };
  const isInstalled = obstacles.length === 1 && !facts.hasCard;
  throw new ModelError(
    `ONNX_PROVIDER=cuda, but ${what}.${isInstalled ? '' : ` ${HOW_TO_INSTALL}`} ONNX_PROVIDER=cpu runs the models on the CPU.`,
  );
}

type Environment = Readonly<Record<string, string | undefined>>;

export function inspectProviders(env: Environment = process.env): ProviderFacts {
  const folder = nativeFolder();
  return {
    hasCard: hasVisibleCard(env),
    missing: PROVIDER_LIBRARIES.filter((file) => !existsSync(path.join(folder, file))),
    folder,
  };
}

/** Where the binding lies and looks for its providers. */
function nativeFolder(): string {
  const main = findOnnxRuntime();
  const root = main.slice(0, main.lastIndexOf('onnxruntime-node') + 'onnxruntime-node'.length);
  return path.join(root, 'bin/napi-v6', process.platform, process.arch);
}

/** A driver that is loaded, a card handed into a container, or WSL's; and not hidden from CUDA by its own variable. */
export function hasVisibleCard(
  env: Environment,
  listFolder: (folder: string) => string[] = listNames,
): boolean {
  const visible = env.CUDA_VISIBLE_DEVICES?.trim();
  if (visible === '' || visible === '-1' || visible === 'NoDevFiles') return false;
  return listFolder('/dev').some((name) => /^nvidia\d+$/.test(name) || name === 'dxg');
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
