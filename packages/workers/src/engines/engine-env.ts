/** Variables that every worker reads for its engines. A file of its own, so that listing them loads no library. */
export const ENGINE_ENV = [
  'ONNX_PROVIDER',
  'ONNX_THREADS',
  'ONNX_FAST_START',
  'ONNX_WARM_UP',
  'ONNX_IDLE_UNLOAD_MINUTES',
  'BATCH_MAX_SIZE',
  'BATCH_WINDOW_MS',
  'BATCH_MAX_WAITING',
  'RECYCLE_AFTER_JOBS',
  'RECYCLE_ABOVE_MB',
] as const;
