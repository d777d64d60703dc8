import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runAction } from '../src/ergonomics/actions.ts';
import type { SequenceResult } from '../src/ergonomics/results/result.ts';
import { drawMannequin } from '../src/ergonomics/sequence/mannequin.ts';

/** The files of a sequence's result, read by the programs that their users have. */
const execute = promisify(execFile);
interface Output extends SequenceResult {
  readonly files: readonly { readonly name: string; readonly media_type: string; readonly base64: string }[];
}
let folder: string;
let output: Output;

async function hasPython(modules: string): Promise<boolean> {
  return execute('python3', ['-c', `import ${modules}`]).then(
    () => true,
    () => false,
  );
}
const [python, numpy] = [await hasPython('pickle'), await hasPython('numpy')];
if (!python) console.warn('SKIPPED: python3 is not installed (Debian: apt-get install python3)');

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'spillway-ergonomics-'));
  const frames = Array.from({ length: 200 }, (_, at) => {
    const bend = 40 - 35 * Math.cos(at / 15);
    const angles = { trunk: bend, neck: 8, leftArm: 20, rightArm: bend, elbow: 70, knee: 10 };
    return { t: at / 20, keypoints: at >= 90 && at < 130 ? null : drawMannequin(angles) };
  });
  output = (await runAction({
    ...{ action: 'score_sequence', frames, title: 'Bänke <& "more">', observed: { load_kg: 6 } },
    details: { workplace: 'Hall 3' },
    niosh: [{ H_cm: 30, V_cm: 75, D_cm: 25, FM: 1 }],
    formats: ['csv', 'html', 'npz', 'pdf', 'pkl', 'xlsx'],
  })) as Output;
  for (const { name, base64 } of output.files)
    await writeFile(path.join(folder, name), Buffer.from(base64, 'base64'));
});
afterAll(() => rm(folder, { recursive: true }));

const bytesOf = (name: string) =>
  Buffer.from(output.files.find((file) => file.name === name)?.base64 ?? '', 'base64');
async function ask(script: string): Promise<unknown> {
  return JSON.parse((await execute('python3', ['-c', script], { cwd: folder })).stdout);
}

test('there is a file of each form that was asked for, and a picture of each worst moment', () => {
  const pictures = output.summary.worst_moments.map(({ rank }) => `moment_${rank}.jpg`);
  const forms = ['csv', 'html', 'npz', 'pdf', 'pkl', 'xlsx'].map((form) => `ergonomics.${form}`);
  expect(output.files.map(({ name }) => name)).toEqual([...forms, ...pictures]);
  expect(output.pictures.map(({ name }) => name)).toEqual(pictures);
});

test('the CSV has a line a sample, and nothing where nothing is known', () => {
  const [head = '', ...lines] = bytesOf('ergonomics.csv').toString().trimEnd().split('\r\n');
  const names = head.split(',');
  expect(lines).toHaveLength(200);
  const cell = (at: number, name: string) => lines[at]?.split(',')[names.indexOf(name)];
  expect(cell(0, 't')).toBe('0');
  expect(Number(cell(40, 'trunk_flexion'))).toBe(output.samples.trunk_flexion?.[40]);
  expect([cell(100, 'rula'), cell(100, 'trunk_flexion')]).toEqual(['', '']);
  expect(new Set(lines.map((_, at) => cell(at, 'seconds')))).toEqual(new Set(['0.05']));
});

describe.skipIf(!python)('Python', () => {
  test('reads the pickle without importing anything, and finds the very result', async () => {
    const script = `
import json, pickle
class Builtins(pickle.Unpickler):
    def find_class(self, module, name):
        raise RuntimeError(module + "." + name)
print(json.dumps(Builtins(open("ergonomics.pkl", "rb")).load()))`;
    const { files: _files, ...result } = output;
    expect(await ask(script)).toEqual(result);
  });

  test('finds the NPZ and the workbook to be sound archives', async () => {
    const script = `
import json, zipfile
names = {}
for name in ("ergonomics.npz", "ergonomics.xlsx"):
    z = zipfile.ZipFile(name)
    assert z.testzip() is None
    names[name] = z.namelist()
print(json.dumps(names))`;
    const names = (await ask(script)) as Record<string, string[]>;
    expect(names['ergonomics.npz']).toContain('trunk_flexion.npy');
    expect(names['ergonomics.xlsx']?.filter((name) => /sheet\d\.xml$/.test(name))).toHaveLength(7);
  });

  test('finds in the workbook what it is of, and which figures of a lift were assumed', async () => {
    const script = `
import json, re, zipfile
z = zipfile.ZipFile("ergonomics.xlsx")
print(json.dumps([re.sub("<[^>]+>", "|", z.read(name).decode()) for name in z.namelist() if name.endswith(".xml")]))`;
    const texts = ((await ask(script)) as string[]).join('|');
    for (const text of ['Bänke &lt;&amp;', 'workplace', 'Hall 3', 'A_deg 0 *', 'coupling good *'])
      expect(texts.replaceAll(/\|+/g, '|')).toContain(text);
    expect(texts).not.toContain('H_cm 30 *');
  });

  test('reads the numbers of the NPZ, with or without NumPy', async () => {
    const plain = `
import json, struct, zipfile
data = zipfile.ZipFile("ergonomics.npz").read("trunk_flexion.npy")
length = struct.unpack("<H", data[8:10])[0]
head = eval(data[10:10 + length])
assert data[:8] == b"\\x93NUMPY\\x01\\x00" and (10 + length) % 64 == 0 and head["descr"] == "<f8"
values = struct.unpack("<%dd" % head["shape"][0], data[10 + length:])
print(json.dumps([None if v != v else v for v in values]))`;
    expect(await ask(plain)).toEqual(output.samples.trunk_flexion);
    if (!numpy) return;
    const script = `
import json, numpy
values = numpy.load("ergonomics.npz")["trunk_flexion"]
print(json.dumps([None if numpy.isnan(v) else float(v) for v in values]))`;
    expect(await ask(script)).toEqual(output.samples.trunk_flexion);
  });
});

test('the report stands alone, escapes what it was told, and says what it rests on', () => {
  const html = bytesOf('ergonomics.html')
    .toString()
    .replaceAll(/src="data:image\/jpeg;base64,[\w+/=]+"/g, '');
  expect(html).toContain('Bänke &lt;&amp; &quot;more&quot;&gt;');
  expect(html).not.toMatch(/<script|https?:\/\/|src=|@import|url\(/);
  expect(html).not.toMatch(/NaN|undefined|\[object/);
  for (const text of [
    'RULA over time',
    'REBA over time',
    'the grip is good',
    'load: 6 kg',
    'without a score',
  ])
    expect(html).toContain(text);
});
