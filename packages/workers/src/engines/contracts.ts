import type { Engine, TensorInfo } from './engine.ts';
import { ModelError } from './model-error.ts';

/**
 * The contracts a model can have: which files it is made of, and the names, types and shapes of their inputs and outputs
 * as the public exports have them. A contract is a row of the table; one file may be exported under several name sets.
 * In a shape a number is fixed, a name stands for any size but the same one wherever it occurs in that file.
 */
interface TensorRule {
  readonly type: 'float32' | 'int64';
  readonly shape: readonly (number | string)[];
}

export interface Signature {
  readonly inputs: Readonly<Record<string, TensorRule>>;
  readonly outputs: Readonly<Record<string, TensorRule>>;
}

interface ContractFile {
  /** Place inside a model folder. */
  readonly path: string;
  /** A folder without it is a model all the same, and does less. */
  readonly isOptional?: true;
  readonly signatures: readonly Signature[];
}

const float = (...shape: (number | string)[]): TensorRule => ({ type: 'float32', shape });
const integer = (...shape: (number | string)[]): TensorRule => ({ type: 'int64', shape });

const embeddings = (first: string) => ({
  'image_embeddings.0': float(first, 32, 'H0', 'W0'),
  'image_embeddings.1': float(first, 64, 'H1', 'W1'),
  'image_embeddings.2': float(first, 256, 'H2', 'W2'),
});

// SAM 2.1 and the SAM 3 tracker share names and ranks; they differ in picture size and normalisation (`detect/sam.ts`).
const segmenterFiles = {
  encoder: {
    path: 'onnx/vision_encoder.onnx',
    signatures: [{ inputs: { pixel_values: float('B', 3, 'S', 'S') }, outputs: embeddings('B') }],
  },
  decoder: {
    path: 'onnx/prompt_encoder_mask_decoder.onnx',
    signatures: [
      {
        inputs: {
          input_points: float('B', 'P', 'N', 2),
          input_labels: integer('B', 'L', 'M'),
          input_boxes: float('B', 'K', 4),
          ...embeddings('B'),
        },
        outputs: {
          iou_scores: float('B', 'Q', 'C'),
          pred_masks: float('B', 'Q', 'C', 'H', 'W'),
        },
      },
    ],
  },
} as const satisfies Record<string, ContractFile>;

export const CONTRACTS = {
  'rf-detr': {
    model: {
      path: 'onnx/model.onnx',
      signatures: [
        {
          inputs: { input: float('B', 3, 'R', 'R') },
          outputs: { dets: float('B', 'Q', 4), labels: float('B', 'Q', 'C') },
        },
        {
          inputs: { pixel_values: float('B', 3, 'R', 'R') },
          outputs: { pred_boxes: float('B', 'Q', 4), logits: float('B', 'Q', 'C') },
        },
      ],
    },
  },
  sam2: segmenterFiles,
  'sam3-tracker': segmenterFiles,
  clip: {
    vision: {
      path: 'onnx/vision_model.onnx',
      signatures: [
        { inputs: { pixel_values: float('B', 3, 'S', 'S') }, outputs: { image_embeds: float('B', 'D') } },
      ],
    },
    text: {
      path: 'onnx/text_model.onnx',
      isOptional: true,
      signatures: [
        { inputs: { input_ids: integer('B', 'T') }, outputs: { text_embeds: float('B', 'D') } },
        {
          inputs: { input_ids: integer('B', 'T'), attention_mask: integer('B', 'T') },
          outputs: { text_embeds: float('B', 'D') },
        },
      ],
    },
  },
  vitpose: {
    model: {
      path: 'onnx/model.onnx',
      signatures: [
        {
          inputs: { pixel_values: float('B', 3, 'H', 'W') },
          outputs: { heatmaps: float('B', 'K', 'h', 'w') },
        },
        // ViTPose++ was trained on several data sets and is told which it is to answer as.
        {
          inputs: { pixel_values: float('B', 3, 'H', 'W'), dataset_index: integer('B') },
          outputs: { heatmaps: float('B', 'K', 'h', 'w') },
        },
      ],
    },
  },
  // As mmdeploy exports it (there called end2end.onnx): how likely each column and each row is, per keypoint.
  rtmpose: {
    model: {
      path: 'onnx/model.onnx',
      signatures: [
        {
          inputs: { input: float('B', 3, 'H', 'W') },
          outputs: { simcc_x: float('B', 'K', 'X'), simcc_y: float('B', 'K', 'Y') },
        },
      ],
    },
  },
} as const satisfies Record<string, Readonly<Record<string, ContractFile>>>;

export type ContractName = keyof typeof CONTRACTS;

export const CONTRACT_NAMES = Object.keys(CONTRACTS) as ContractName[];

/** Files of a contract by their role in it. */
export function contractFiles(contract: ContractName): Readonly<Record<string, ContractFile>> {
  return CONTRACTS[contract];
}

/**
 * The name set that a loaded file has.
 * @throws ModelError naming every difference when the file has none of the contract's.
 */
export function matchSignature(
  engine: Pick<Engine, 'inputs' | 'outputs'>,
  file: ContractFile,
  subject: string,
): Signature {
  const attempts = file.signatures.map((signature) => ({
    signature,
    problems: differences(engine, signature),
  }));
  attempts.sort((a, b) => a.problems.length - b.problems.length);
  const [best] = attempts;
  if (best === undefined || best.problems.length > 0) {
    const problems = best?.problems.join('; ') ?? 'the contract has no signature';
    throw new ModelError(`${subject} does not fit its contract: ${problems}.`);
  }
  return best.signature;
}

function differences(engine: Pick<Engine, 'inputs' | 'outputs'>, signature: Signature): string[] {
  const sizes = new Map<string, number>();
  const problems = [
    ...tensorDifferences('input', engine.inputs, signature.inputs, sizes),
    ...tensorDifferences('output', engine.outputs, signature.outputs, sizes),
  ];
  // Outputs beyond the contract are left alone; an input beyond it could not be fed.
  for (const input of engine.inputs) {
    if (!Object.hasOwn(signature.inputs, input.name)) {
      problems.push(`it has an input "${input.name}" that the contract does not know`);
    }
  }
  return problems;
}

function tensorDifferences(
  kind: 'input' | 'output',
  found: readonly TensorInfo[],
  rules: Readonly<Record<string, TensorRule>>,
  sizes: Map<string, number>,
): string[] {
  return Object.entries(rules).flatMap(([name, rule]) => {
    const tensor = found.find((candidate) => candidate.name === name);
    if (tensor === undefined) {
      const names = found.map((candidate) => candidate.name).join(', ') || 'none';
      return [`${kind} "${name}" is missing (it has: ${names})`];
    }
    if (tensor.type !== rule.type) {
      return [`${kind} "${name}" should be ${rule.type}, it is ${tensor.type}`];
    }
    if (!shapeFits(tensor.shape, rule.shape, sizes)) {
      return [
        `${kind} "${name}" should have the shape ${shapeText(rule.shape)}, it has ${shapeText(tensor.shape)}`,
      ];
    }
    return [];
  });
}

function shapeFits(
  shape: readonly (number | string)[],
  rule: readonly (number | string)[],
  sizes: Map<string, number>,
): boolean {
  // The runtime gives an empty shape for a tensor whose rank the export left open.
  if (shape.length === 0) {
    return true;
  }
  return (
    shape.length === rule.length &&
    rule.every((expected, axis) => {
      const size = shape[axis];
      // A symbolic dimension of the model may take any size.
      if (typeof size !== 'number' || size < 0) {
        return true;
      }
      if (typeof expected === 'number') {
        return size === expected;
      }
      const bound = sizes.get(expected);
      sizes.set(expected, size);
      return bound === undefined || bound === size;
    })
  );
}

function shapeText(shape: readonly (number | string)[]): string {
  return `[${shape.join(', ')}]`;
}
