// As much of WebAssembly's binary format (core specification 2.0, chapter 5) as a few hand-written kernels need: one
// imported memory, functions of i32 parameters without results, i32 and v128 locals. Kernels stay readable in their
// own file, and building the project needs no compiler for them.

/** Instructions as bytes, already in order. */
export type Code = readonly number[];

export interface WasmFunction {
  readonly name: string;
  /** i32 each. */
  readonly parameters: readonly string[];
  readonly integers: readonly string[];
  readonly vectors: readonly string[];
  body(locals: Locals): Code;
}

/** Reads and writes of a function's parameters and locals, by their names. */
export interface Locals {
  get(name: string): Code;
  set(name: string, value: Code): Code;
}

const I32 = 0x7f;
const V128 = 0x7b;

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest & 127) | 128);
    rest >>>= 7;
  }
  return [...bytes, rest];
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest < -64 || rest > 63) {
    bytes.push((rest & 127) | 128);
    rest >>= 7;
  }
  return [...bytes, rest & 127];
}

const simd =
  (opcode: number) =>
  (...operands: readonly Code[]): Code => [...operands.flat(), 0xfd, ...unsigned(opcode)];

const integer =
  (opcode: number) =>
  (a: Code, b: Code): Code => [...a, ...b, opcode];

/** Address plus a constant `offset`; alignment is never promised. */
const at = (offset: number) => [0, ...unsigned(offset)];

export const constant = (value: number): Code => [0x41, ...signed(value)];
export const add = integer(0x6a);
export const loadInteger = (address: Code, offset = 0): Code => [...address, 0x28, ...at(offset)];

/** Runs `body` and then again as long as `a` is below `b`, both unsigned. */
export const repeatWhileBelow = (a: Code, b: Code, body: Code): Code => [
  ...[0x03, 0x40],
  ...body,
  ...[...a, ...b, 0x49],
  ...[0x0d, 0, 0x0b],
];

export const zeros: Code = [0xfd, 0x0c, ...new Array<number>(16).fill(0)];
export const load16Bytes = (address: Code, offset = 0): Code => [...address, 0xfd, 0x00, ...at(offset)];
/** Bytes 8 to 15 become 0. */
export const load8Bytes = (address: Code, offset = 0): Code => [...address, 0xfd, 0x5d, ...at(offset)];
/** The same four bytes in each of the four lanes. */
export const loadToAllLanes = (address: Code, offset = 0): Code => [...address, 0xfd, 0x09, ...at(offset)];
export const store16Bytes = (address: Code, value: Code): Code => [
  ...address,
  ...value,
  0xfd,
  0x0b,
  ...at(0),
];
export const storeByteLane = (address: Code, value: Code, lane: number, offset = 0): Code => [
  ...[...address, ...value, 0xfd, 0x58],
  ...[...at(offset), lane],
];
export const storeTwoByteLane = (address: Code, value: Code, lane: number, offset = 0): Code => [
  ...[...address, ...value, 0xfd, 0x59],
  ...[...at(offset), lane],
];
/** Byte `i` of the result is byte `order[i]` of `a` (0 to 15) or `b` (16 to 31). */
export const pickBytes = (a: Code, b: Code, order: readonly number[]): Code => [
  ...[...a, ...b, 0xfd, 0x0d],
  ...order,
];
export const splat32 = simd(0x11);
export const add32 = simd(0xae);
/** Products of eight 16-bit lanes, summed in pairs to four 32-bit ones. */
export const dot16 = simd(0xba);
export const shiftLeft32 = (value: Code, bits: number): Code => simd(0xab)(value, constant(bits));
export const shiftRight32 = (value: Code, bits: number): Code => simd(0xac)(value, constant(bits));
export const widenLow8 = simd(0x89);
export const widenHigh8 = simd(0x8a);
/** Clamped to what the narrower lanes hold. */
export const narrow32To16 = simd(0x85);
export const narrow16ToBytes = simd(0x66);

/** A module that imports its memory as `env.memory` and exports the functions by their names. */
function assemble(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const section = (id: number, items: readonly Code[]) => {
    const body = [...unsigned(items.length), ...items.flat()];
    return [id, ...unsigned(body.length), ...body];
  };
  const text = (value: string) => [...unsigned(value.length), ...new TextEncoder().encode(value)];
  const types = functions.map(({ parameters }) => [
    0x60,
    ...unsigned(parameters.length),
    ...parameters.map(() => I32),
    0,
  ]);
  const bytes = [
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types),
    ...section(2, [[...text('env'), ...text('memory'), 2, 0, 1]]),
    ...section(
      3,
      functions.map((_, index) => unsigned(index)),
    ),
    ...section(
      7,
      functions.map(({ name }, index) => [...text(name), 0, ...unsigned(index)]),
    ),
    ...section(10, functions.map(assembleBody)),
  ];
  return Uint8Array.from(bytes);
}

function assembleBody({ parameters, integers, vectors, body }: WasmFunction): number[] {
  const names = [...parameters, ...integers, ...vectors];
  const indexOf = (name: string) => {
    const index = names.indexOf(name);
    if (index < 0) throw new Error(`the function has no local "${name}"`);
    return unsigned(index);
  };
  const code = body({
    get: (name) => [0x20, ...indexOf(name)],
    set: (name, value) => [...value, 0x21, ...indexOf(name)],
  });
  const declared = [2, ...unsigned(integers.length), I32, ...unsigned(vectors.length), V128];
  const content = [...declared, ...code, 0x0b];
  return [...unsigned(content.length), ...content];
}

export const WASM_PAGE_BYTES = 1 << 16;

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  /** Adds so many pages; the buffer is another one afterwards. */
  grow(pages: number): number;
}

/** What is used of the runtime's own API, of which TypeScript has the types only along with a browser's. */
declare const WebAssembly: {
  readonly Memory: new (limits: { readonly initial: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
  validate(bytes: Uint8Array): boolean;
};

export function createMemory(): WasmMemory {
  return new WebAssembly.Memory({ initial: 1 });
}

/** The functions, compiled and working on `memory`; undefined where the processor lacks an instruction of theirs. */
export function instantiate(functions: readonly WasmFunction[], memory: WasmMemory): object | undefined {
  const bytes = assemble(functions);
  if (!WebAssembly.validate(bytes)) return undefined;
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports;
}
