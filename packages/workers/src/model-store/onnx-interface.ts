import type { TensorInfo } from '../engines/engine.ts';
import { refuseTelemetry } from '../engines/no-telemetry.ts';

/** What an `.onnx` file takes and gives, as the runtime that will run it sees it. */
export interface OnnxInterface {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

/**
 * Opens a session on the file and closes it again, without rearranging its weights: mapped, they cost little memory.
 * @throws ModelError when the runtime can't load the file.
 */
export async function readOnnxInterface(file: string): Promise<OnnxInterface> {
  refuseTelemetry();
  const { createOnnxEngine } = await import('../engines/onnx.ts');
  const engine = await createOnnxEngine(file, { threads: 1, isQuick: true });
  const { inputs, outputs } = engine;
  await engine.dispose();
  return { inputs, outputs };
}
