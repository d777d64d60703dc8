/** Variables by which every worker finds its models. A file of its own, so that listing them loads no library. */
export const MODEL_ENV = [
  'SPILLWAY_MODELS_DIR',
  'SPILLWAY_MODELS_CACHE',
  'SPILLWAY_MODELS_DTYPE',
  'HF_HUB_CACHE',
] as const;
