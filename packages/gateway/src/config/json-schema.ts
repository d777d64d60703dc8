import { z } from 'zod';
import { configSchema } from './schema.ts';

/** JSON Schema of `spillway.yaml` for editors; draft 7 is the one that YAML language servers know. */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7', reused: 'inline' });
}
