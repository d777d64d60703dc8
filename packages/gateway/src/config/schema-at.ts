import type { z } from 'zod';
import type { PathPart } from './problem.ts';

/**
 * Walks a zod schema by the path of a value. Only the kinds that `schema.ts` uses are known.
 */
type Schema = z.core.$ZodType;

/** A place in the schema: the schema itself inside its wrappers (default, optional, transform), outermost first. */
export interface SchemaPlace {
  readonly layers: readonly Schema[];
  /** What is left after all wrappers; the alternatives of a union. */
  readonly inner: readonly Schema[];
}

/** The place that `path` leads to; undefined where the schema has none. `value` picks among a union's alternatives. */
export function schemaAt(
  schema: Schema,
  path: readonly PathPart[],
  value?: unknown,
): SchemaPlace | undefined {
  let layers = unwrap(schema);
  for (const part of path) {
    const next = alternatives(layers).flatMap((inner) => childOf(inner, part) ?? [])[0];
    if (!next) return undefined;
    layers = unwrap(next);
  }
  return { layers, inner: pick(alternatives(layers), value) };
}

/** Keys that a block may have; none for anything that isn't a block with fixed keys. */
export function keysOf(place: SchemaPlace): string[] {
  return [...new Set(place.inner.flatMap((inner) => Object.keys(shapeOf(inner) ?? {})))];
}

/** True where the block can't do without this key. */
export function isMandatory(schema: Schema, path: readonly PathPart[]): boolean {
  const place = schemaAt(schema, path);
  return place
    ? !place.layers.some((layer) => ['prefault', 'optional', 'default'].includes(defOf(layer).type))
    : false;
}

interface Def {
  readonly type: string;
  readonly innerType?: Schema;
  readonly in?: Schema;
  readonly out?: Schema;
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly valueType?: Schema;
  readonly element?: Schema;
  readonly options?: readonly Schema[];
  readonly values?: readonly unknown[];
}

function defOf(schema: Schema): Def {
  return schema._zod.def as unknown as Def;
}

function unwrap(schema: Schema): Schema[] {
  const { type, innerType, in: input, out } = defOf(schema);
  if (innerType) return [schema, ...unwrap(innerType)];
  if (type === 'pipe' && input && out) {
    // `preprocess` has its transform in front, `transform` behind.
    return [schema, ...unwrap(defOf(input).type === 'transform' ? out : input)];
  }
  return [schema];
}

function alternatives(layers: readonly Schema[]): readonly Schema[] {
  const last = layers.at(-1);
  if (!last) return [];
  return defOf(last).options ?? [last];
}

function childOf(schema: Schema, part: PathPart): Schema | undefined {
  const { shape, valueType, element } = defOf(schema);
  // `hasOwn`: a file may hold a key such as `constructor`.
  if (shape) return Object.hasOwn(shape, part) ? shape[part] : undefined;
  return valueType ?? element;
}

function shapeOf(schema: Schema): Readonly<Record<string, Schema>> | undefined {
  return defOf(schema).shape;
}

/** Of a union's alternatives, those whose literal keys agree with `value`; all where none does. */
function pick(options: readonly Schema[], value: unknown): readonly Schema[] {
  if (options.length < 2 || typeof value !== 'object' || value === null) return options;
  const fitting = options.filter((option) =>
    Object.entries(shapeOf(option) ?? {}).every(([key, child]) => {
      const literals = unwrap(child).flatMap((layer) => defOf(layer).values ?? []);
      return literals.length === 0 || literals.includes((value as Record<string, unknown>)[key]);
    }),
  );
  return fitting.length > 0 ? fitting : options;
}
