import { createRequire } from 'node:module';
import { ModelError } from './model-error.ts';

/**
 * ONNX Runtime's package, which npm may have left out: its install step fetches CUDA libraries, and where it can't, npm
 * drops the whole package without a word, as it is optional. Then only the workers fail, and say what to do.
 */
const NOT_INSTALLED =
  'ONNX Runtime is not installed. npm leaves it out where its package cannot fetch its CUDA libraries from api.nuget.org; "ONNXRUNTIME_NODE_INSTALL=skip npm install" brings it without them.';

/** @throws ModelError when it is not installed. */
export async function loadOnnxRuntime(): Promise<typeof import('onnxruntime-node')> {
  findOnnxRuntime();
  return import('onnxruntime-node');
}

/**
 * The file that an import of the package loads.
 * @throws ModelError when it is not installed.
 */
export function findOnnxRuntime(): string {
  try {
    return createRequire(import.meta.url).resolve('onnxruntime-node');
  } catch (cause) {
    throw new ModelError(NOT_INSTALLED, { cause });
  }
}
