/** Files beside the weights that a model may need, or that say what it is; all of them small. */
export const SIDECARS = [
  'config.json',
  'preprocessor_config.json',
  'processor_config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'README.md',
  'LICENSE',
  'LICENSE.md',
  'LICENSE.txt',
] as const;
