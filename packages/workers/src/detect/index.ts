export { ANOMALY_CLASSES, STRUCTURE_CLASSES } from './classes.ts';
export { createDetectHandler, type HandlerOptions } from './handler.ts';
export type { Anomaly, Confidence, DetectResult, MeasureResult, ModelCard } from './result.ts';
export {
  type DetectInput,
  detectInputSchema,
  type MeasureInput,
  measureInputSchema,
  parseInput,
} from './schema.ts';
export type { Structure } from './structures.ts';
export { startDetect } from './worker.ts';
