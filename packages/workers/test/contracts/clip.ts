import { runHandler } from '@spillway/sdk/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { normalizeLength } from '../../src/clip/embedder.ts';
import { loadTokenizer } from '../../src/clip/model-choice.ts';
import { CLIP_MEAN, CLIP_STD, middleSquare, preparePicture } from '../../src/clip/preprocess.ts';
import type { ClipTokenizer } from '../../src/clip/tokenizer.ts';
import { startClip } from '../../src/clip/worker.ts';
import { CONTRACTS, matchSignature } from '../../src/engines/contracts.ts';
import { floatOutput } from '../../src/engines/engine.ts';
import { loadModel, type Model } from '../../src/engines/models.ts';
import type { RgbImage } from '../../src/media/raster.ts';
import { resizeRgb } from '../../src/media/resample.ts';
import { cosine, levelsOff, maxDifference, type Report, scaleOf } from './compare.ts';
import { decodePicture, openReferences, type References, readPicture } from './references.ts';
import { type SpyEngine, spyOn } from './spy-engine.ts';

const SIZE = 224;

/** The whole picture, of which the pipeline makes the middle alone. */
function resizeShortSide(image: RgbImage, size: number): RgbImage {
  const long = Math.trunc((size * Math.max(image.width, image.height)) / Math.min(image.width, image.height));
  const [width, height] = image.width <= image.height ? [size, long] : [long, size];
  return resizeRgb(image, width, height, 'bicubic');
}

const SETTINGS = { size: SIZE, mean: CLIP_MEAN, std: CLIP_STD };

/**
 * Our CLIP against a package that also builds ViT-B/32. transformers cuts the middle at the margin's half rounded down,
 * open_clip (torchvision) at the half rounded to even, as we do: at one margin in four they are a pixel apart.
 */
export function describeClip(name: 'clip-transformers' | 'clip-open-clip', report: Report): void {
  let references: References;
  let model: Model;
  let vision: SpyEngine;
  let text: SpyEngine;
  let tokenizer: ClipTokenizer;

  beforeAll(async () => {
    references = openReferences(name);
    model = await loadModel(references.model, ['clip']);
    [vision, text] = await Promise.all([spyOn(model.files.vision ?? ''), spyOn(model.files.text ?? '')]);
    tokenizer = await loadTokenizer(model);
  });
  afterAll(() => Promise.all([vision?.dispose(), text?.dispose()]));

  const pictures = () => Object.entries(references.pictures);
  const embed = async (pixels: Float32Array) => {
    const feeds = { pixel_values: { type: 'float32' as const, data: pixels, dims: [1, 3, SIZE, SIZE] } };
    return floatOutput(await vision.run(feeds), 'image_embeds').data;
  };

  test('both files fit the contract', () => {
    matchSignature(vision, CONTRACTS.clip.vision, 'the vision tower');
    matchSignature(text, CONTRACTS.clip.text, 'the text tower');
  });

  test('pictures are resized and cut level for level', async () => {
    for (const [key, { file }] of pictures()) {
      const picture = await decodePicture(file);
      const resized = resizeShortSide(picture, SIZE);
      const off = levelsOff(resized, references.levels(`${key}/resized`));
      report.add(name, 'resized', 'most levels off', off.most, '0');
      expect(off.most, key).toBe(0);
      if (isCutElsewhere(name, resized)) continue;
      const cropped = middleSquare(picture, SIZE);
      expect(levelsOff(cropped, references.levels(`${key}/cropped/pillow`)).most, key).toBe(0);
      if (name === 'clip-open-clip') continue;
      const torchvision = levelsOff(cropped, references.levels(`${key}/cropped/torchvision`));
      report.add(name, 'cropped, its torchvision backend', 'most levels off', torchvision.most);
      report.add(name, 'cropped, its torchvision backend', 'part of values off', torchvision.part);
    }
  });

  test('the model gives what torch gives for the same pixels', async () => {
    for (const [key] of pictures()) {
      const ours = await embed(references.floats(`${key}/pixel_values`));
      const theirs = references.floats(`${key}/embedding`);
      const off = maxDifference(ours, theirs);
      report.add(name, 'raw picture embeddings', 'most off', off, '1e-3');
      report.add(name, 'raw picture embeddings', 'largest, for scale', scaleOf(theirs));
      report.add(name, 'raw picture embeddings', '1 - cosine', 1 - cosine(ours, theirs), '1e-4');
      expect(off, key).toBeLessThan(1e-3);
    }
  });

  test('from file to embedding the cosine is 1 to 1e-4', async () => {
    for (const [key, { file }] of pictures()) {
      const image = await decodePicture(file);
      const pixels = preparePicture(image, SETTINGS);
      const ours = await embed(pixels);
      const theirs = references.floats(`${key}/embedding`);
      if (isCutElsewhere(name, resizeShortSide(image, SIZE))) {
        report.add(name, 'file to embedding, cut a pixel elsewhere', '1 - cosine', 1 - cosine(ours, theirs));
        continue;
      }
      const off = maxDifference(pixels, references.floats(`${key}/pixel_values`));
      report.add(name, 'pixels as fed', 'most off', off, '1e-6');
      report.add(name, 'file to embedding', '1 - cosine', 1 - cosine(ours, theirs), '1e-4');
      expect(off, key).toBeLessThan(1e-6);
      expect(1 - cosine(ours, theirs), key).toBeLessThan(1e-4);
    }
    report.add(name, 'two different pictures, for scale', 'most cosine', mostAlike(references));
  });

  test('texts become the same ids and the same embeddings', async () => {
    const ids = references.tensor('texts/ids');
    const embeddings = references.floats('texts/embeddings');
    const texts = references.facts.texts as string[];
    for (const [row, line] of texts.entries()) {
      const ours = tokenizer.encode(line);
      const theirs = Array.from(ids.data.slice(row * 77, (row + 1) * 77), Number);
      // What fills the row after the end differs (open_clip 0, transformers the end again) and counts for nothing.
      const length = theirs.indexOf(ours[76] ?? -1) + 1;
      expect(ours.slice(0, length), line).toEqual(theirs.slice(0, length));
      const feeds = {
        input_ids: { type: 'int64' as const, data: BigInt64Array.from(ours, BigInt), dims: [1, 77] },
      };
      const embedding = floatOutput(await text.run(feeds), 'text_embeds').data;
      const reference = embeddings.subarray(row * 512, (row + 1) * 512);
      const off = maxDifference(embedding, reference);
      report.add(name, 'raw text embeddings', 'most off', off, '1e-3');
      report.add(name, 'raw text embeddings', '1 - cosine', 1 - cosine(embedding, reference), '1e-4');
      expect(off, line).toBeLessThan(1e-3);
    }
  });

  test('the whole worker answers the same embeddings', async () => {
    const worker = await startClip({
      env: { CLIP_MODEL: references.model, EMBEDDING_AUTH: 'off' },
      warn: () => {},
    });
    try {
      for (const [key, { file }] of pictures()) {
        if (isCutElsewhere(name, resizeShortSide(await decodePicture(file), SIZE))) continue;
        const run = await runHandler(worker.handler, {
          image: readPicture(file).toString('base64'),
          normalize: true,
        });
        expect(run.error, key).toBeUndefined();
        const { embedding } = run.output as { embedding: number[] };
        const theirs = normalizeLength(references.floats(`${key}/embedding`));
        report.add(name, 'answer of the worker', '1 - cosine', 1 - cosine(embedding, theirs), '1e-4');
        expect(1 - cosine(embedding, theirs), key).toBeLessThan(1e-4);
      }
    } finally {
      await worker.stop();
    }
  });
}

/** Whether this package cuts the middle a pixel beside ours: half of the margin is rounded down, ours is rounded up. */
function isCutElsewhere(name: string, { width, height }: { width: number; height: number }): boolean {
  return name === 'clip-transformers' && (Math.max(width, height) - SIZE) % 4 === 3;
}

function mostAlike({ pictures, floats }: References): number {
  const all = Object.keys(pictures).map((key) => floats(`${key}/embedding`));
  const pairs = all.flatMap((one, at) => all.slice(at + 1).map((other) => cosine(one, other)));
  return Math.max(...pairs);
}

export const clipReferences = ['clip-transformers', 'clip-open-clip'] as const;
