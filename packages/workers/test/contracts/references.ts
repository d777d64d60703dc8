import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Tensor } from '../../src/engines/engine.ts';
import { decodeImage } from '../../src/media/image.ts';
import type { RgbImage } from '../../src/media/raster.ts';

/** What `tools/contracts` wrote: tensors that the official Python packages made of the same pictures. */
const CACHE =
  process.env.SPILLWAY_CONTRACTS_DIR ?? path.join(import.meta.dirname, '../../../../.cache/contracts');

interface Entry {
  readonly dtype: 'uint8' | 'float32' | 'int64';
  readonly dims: readonly number[];
  readonly offset: number;
}

export interface Picture {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  /** Its outputs hang on rounding. */
  readonly tied?: boolean;
}

export interface References {
  /** The exported model. */
  readonly model: string;
  readonly madeBy: Readonly<Record<string, string>>;
  readonly pictures: Readonly<Record<string, Picture>>;
  readonly facts: Readonly<Record<string, unknown>>;
  tensor(name: string): Tensor;
  floats(name: string): Float32Array;
  levels(name: string): RgbImage;
}

export function hasReferences(name: string): boolean {
  return existsSync(path.join(CACHE, 'references', name, 'index.json'));
}

export function openReferences(name: string): References {
  const folder = path.join(CACHE, 'references', name);
  const index = JSON.parse(readFileSync(path.join(folder, 'index.json'), 'utf8'));
  const bytes = readFileSync(path.join(folder, 'data.bin'));
  const entries = index.tensors as Record<string, Entry>;
  const tensor = (key: string): Tensor => {
    const entry = entries[key];
    if (!entry) throw new Error(`there is no reference ${name}/${key}; run tools/contracts/make.py again`);
    const { dtype, dims, offset } = entry;
    const count = dims.reduce((product, dim) => product * dim, 1);
    const at = bytes.byteOffset + offset;
    if (dtype === 'uint8') return { type: dtype, data: new Uint8Array(bytes.buffer, at, count), dims };
    if (dtype === 'int64') return { type: dtype, data: new BigInt64Array(bytes.buffer, at, count), dims };
    return { type: 'float32', data: new Float32Array(bytes.buffer, at, count), dims };
  };
  const facts = index.facts as Record<string, unknown>;
  const isPicture = (value: unknown) => typeof value === 'object' && value !== null && 'file' in value;
  return {
    model: path.join(folder, 'model'),
    madeBy: index.madeBy,
    facts,
    pictures: Object.fromEntries(Object.entries(facts).filter(([, value]) => isPicture(value))) as Record<
      string,
      Picture
    >,
    tensor,
    floats(key) {
      const found = tensor(key);
      if (found.type !== 'float32') throw new Error(`${key} is ${found.type}`);
      return found.data;
    },
    levels(key) {
      const { data, dims } = tensor(key);
      const [height = 0, width = 0] = dims;
      return { width, height, data: data as Uint8Array };
    },
  };
}

export const readPicture = (file: string): Buffer => readFileSync(path.join(CACHE, 'pictures', file));

export const decodePicture = (file: string): Promise<RgbImage> => decodeImage(readPicture(file));
