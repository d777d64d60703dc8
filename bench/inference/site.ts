import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CACHE_FOLDER, NotAvailable } from '../jobs/peers.ts';
import type { Stage } from '../jobs/stage.ts';

/**
 * What the inference bench needs besides the product: a Python environment with torch and open_clip, and the models and
 * pictures that it makes. Both are made on first use and kept in `.cache/`, and made anew when what they are made from
 * changes.
 */
export interface InferenceSite {
  readonly python: string;
  /** Folder of the environment, whose size stands for that of an image. */
  readonly environment: string;
  /** What open_clip loads: both towers. */
  readonly torchWeights: string;
  readonly pictures: string;
  /** Model folders of the worker. */
  readonly float32: string;
  readonly int8: string;
  /** How far the 8-bit variant's embeddings are from the original's. */
  readonly quantized: QuantizedFigures;
}

export interface QuantizedFigures {
  readonly pictures: number;
  readonly leastCosine: number;
  readonly medianCosine: number;
  /** With the mean embedding of all pictures taken off both. */
  readonly leastCosineCentred: number;
  readonly medianCosineCentred: number;
  readonly medianCosineOfDifferentPictures: number;
}

const HERE = import.meta.dirname;
const REQUIREMENTS = path.join(HERE, 'requirements.txt');
const MAKE_MODELS = path.join(HERE, 'make_models.py');
const QUANTIZE = path.join(HERE, '..', '..', 'tools', 'convert', 'quantize_clip.py');
const CPU_BUILDS = 'https://download.pytorch.org/whl/cpu';

/** @throws NotAvailable with the reason why there is no such Python here. */
export async function prepareSite(stage: Stage): Promise<InferenceSite> {
  const environment = path.join(CACHE_FOLDER, 'bench-inference-python');
  const models = path.join(CACHE_FOLDER, 'bench-inference-models');
  const python = path.join(environment, 'bin', 'python');
  await makeOnce(environment, [REQUIREMENTS], () => installPython(stage, environment, python));
  await makeOnce(models, [REQUIREMENTS, MAKE_MODELS, QUANTIZE], async () => {
    process.stderr.write('making the models (once, a minute) …\n');
    await stage.run([python, MAKE_MODELS, '--out', models]);
  });
  return {
    python,
    environment,
    torchWeights: path.join(models, 'open_clip.pt'),
    pictures: path.join(models, 'pictures'),
    float32: path.join(models, 'clip-float32'),
    int8: path.join(models, 'clip-int8'),
    quantized: JSON.parse(readFileSync(path.join(models, 'quantized.json'), 'utf8')) as QuantizedFigures,
  };
}

async function installPython(stage: Stage, environment: string, python: string): Promise<void> {
  process.stderr.write('installing torch and open_clip (once, some minutes and gigabytes) …\n');
  await stage.run(['python3', '-m', 'venv', environment]);
  const install = [python, '-m', 'pip', 'install', '--quiet'];
  const torch = readFileSync(REQUIREMENTS, 'utf8').match(/^torch\w*==.*$/gm) ?? [];
  const isShort = ['--retries', '0', '--timeout', '15'];
  await stage.run([...install, ...isShort, '--index-url', CPU_BUILDS, ...torch]).catch(() => undefined);
  await stage.run([...install, '-r', REQUIREMENTS]);
}

/** A folder that says what it was made from; half-made ones are thrown away. */
async function makeOnce(
  folder: string,
  sources: readonly string[],
  make: () => Promise<void>,
): Promise<void> {
  const hash = createHash('sha256');
  for (const source of sources) hash.update(readFileSync(source));
  const origin = hash.digest('hex');
  const stamp = path.join(folder, 'made-from.txt');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === origin) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    await make();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    const reason = error instanceof Error ? error.message : String(error);
    throw new NotAvailable(`${path.basename(folder)} could not be made: ${reason}`);
  }
  writeFileSync(stamp, origin);
}
