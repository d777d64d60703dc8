import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { configJsonSchema } from '@spillway/gateway/config';

// Writes the JSON Schema of spillway.yaml, which editors read; a test fails while the committed one is out of date.
const file = fileURLToPath(new URL('../packages/gateway/schema/spillway.schema.json', import.meta.url));
await mkdir(path.dirname(file), { recursive: true });
await writeFile(file, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
console.log(`wrote ${path.relative(process.cwd(), file)}`);
