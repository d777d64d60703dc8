import { z } from 'zod';
import { hints, quoteIt } from './fields.ts';
import { textOf } from './problem.ts';
import { parseSize, SIZE_PATTERN } from './size.ts';

const MOST_GPUS = 64;

/** `source:target[:options]`. A source is a folder (with a `/` or `.` in front) or a name of the engine's. */
export const VOLUME_PATTERN =
  /^((?:\.{0,2}\/[^:]*|\.{1,2}|[a-zA-Z0-9][\w.-]*)):(\/[^:]*)(?::((?:ro|rw|z|Z)(?:,(?:ro|rw|z|Z))*))?$/;

/** The keys of an endpoint whose workers are containers of an `image`. */
export const containerFields = {
  image: imageName()
    .describe('A container image: any RunPod worker image, unmodified. Either this, `worker` or `command`.')
    .optional(),
  args: args().optional(),
  gpus: gpus().optional(),
  volumes: volumes().optional(),
  memory: size('8g', 'Memory that a worker may take; it is killed when it needs more.').optional(),
  shmSize: size('2g', "Size of a worker's /dev/shm, which PyTorch's data loaders use.").optional(),
} as const;

/** Those of them that mean nothing without an image. */
export const IMAGE_ONLY_KEYS = ['args', 'gpus', 'volumes', 'memory', 'shmSize'] as const;

export function imageName() {
  return z
    .string()
    .regex(/^[A-Za-z0-9][\w.:/@-]*$/)
    .register(hints, {
      expected: 'the name of an image',
      fix: () => 'write it as `docker pull` takes it, such as `runpod/worker-comfyui:5.8.0-base`',
    });
}

function args() {
  const element = z.string().register(hints, {
    expected: 'text',
    fix: quoteIt,
  });
  return z
    .array(element)
    .register(hints, {
      expected: 'a list of arguments',
      fix: (found) => {
        const words = typeof found === 'string' ? found.trim().split(/\s+/) : ['python3', '-u', 'handler.py'];
        return `write \`[${words.join(', ')}]\``;
      },
    })
    .describe("Arguments in place of the image's own command. Its entry point stays.");
}

function gpus() {
  const value = z.union([z.literal('all'), z.literal('none'), z.int().min(1).max(MOST_GPUS)]);
  const toNumber = (found: unknown) =>
    typeof found === 'string' && /^\d+$/.test(found) ? Number(found) : found;
  return z
    .preprocess(toNumber, value)
    .register(hints, {
      expected: `\`all\`, \`none\` or how many (1 to ${MOST_GPUS})`,
      fix: (found) => (found === 0 || found === false ? 'write `none`' : 'write `all`, `none` or a number'),
    })
    .describe('Graphics cards that a worker sees. Without it: all, where the machine has any.');
}

function volumes() {
  const volume = z
    .string()
    .regex(VOLUME_PATTERN)
    .register(hints, {
      expected: 'a folder and where workers see it, as `./models:/runpod-volume`',
      fix: (found) => {
        const given = typeof found === 'string' && /^[\w./-]+$/.test(found) ? found : './models';
        return `write \`${given}:/runpod-volume\`, or \`${given}:/models:ro\` for one that workers may only read`;
      },
    });
  return z
    .array(volume)
    .refine((list) => new Set(list.map((one) => VOLUME_PATTERN.exec(one)?.[2])).size === list.length)
    .register(hints, {
      expected: 'a list of folders, each at a place of its own',
      fix: () => 'write `["./models:/runpod-volume"]`',
    })
    .describe('Folders of this machine that workers see. Without one at /runpod-volume, `data` holds it.');
}

/** Text such as `6g` → bytes. */
export function size(example: string, description: string) {
  return z
    .string()
    .regex(SIZE_PATTERN, { abort: true })
    .transform((found) => parseSize(found) ?? Number.NaN)
    .refine((bytes) => bytes > 0)
    .register(hints, {
      expected: `a size such as \`${example}\``,
      fix: (found) =>
        /^\d+$/.test(textOf(found))
          ? `write the unit too, such as \`${textOf(found)}m\` or \`${textOf(found)}g\``
          : `write a number and k, m, g or t, such as \`${example}\``,
    })
    .describe(description);
}
