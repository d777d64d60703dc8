import { isMarkedAsUntransferable } from 'node:worker_threads';
import type { Tensors } from './engine.ts';

/**
 * The memory of tensors that can go to another thread whole. Left out, and so copied, is what would take more along than
 * the tensor itself (a view of a part, Node's shared pool of small buffers) and what threads share anyway.
 */
export function tensorBuffers(tensors: Tensors): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of Object.values(tensors)) {
    const { buffer } = data;
    const isWhole = data.byteLength === buffer.byteLength;
    if (buffer instanceof ArrayBuffer && isWhole && !isMarkedAsUntransferable(buffer)) buffers.add(buffer);
  }
  return [...buffers];
}
