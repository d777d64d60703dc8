import { decideProvider, inspectProviders, type ProviderFacts } from './providers.ts';

/** `none`: the models run on the CPU. `wanted`: on a card where one is found. `required`: on nothing else. */
export type CardUse = 'none' | 'wanted' | 'required';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What a built-in worker would make of graphics cards, before it is started: whoever shares out cards need not keep memory
 * for one that runs on the CPU anyway. `env` is what its endpoint adds to the environment of this process.
 */
export function decideCardUse(
  env: Environment,
  inspect: (env: Environment) => ProviderFacts = inspectProviders,
): CardUse {
  const choice = env.ONNX_PROVIDER?.trim();
  if (choice === 'cpu') return 'none';
  if (choice === 'cuda') return 'required';
  try {
    const { CUDA_VISIBLE_DEVICES } = process.env;
    return decideProvider('auto', inspect({ CUDA_VISIBLE_DEVICES, ...env })).provider === 'cuda'
      ? 'wanted'
      : 'none';
  } catch {
    // No ONNX Runtime is installed: the worker itself says so when it is started.
    return 'none';
  }
}
