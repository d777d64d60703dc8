/** Just as much of a Dockerfile as our own ones use: instructions, and the stages that they form. */
export interface Instruction {
  readonly keyword: string;
  /** Everything after the keyword, continued lines joined by one space. */
  readonly text: string;
}

export interface Stage {
  /** As written after FROM, with the defaults of build arguments filled in. */
  readonly base: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

export function parseDockerfile(text: string): Stage[] {
  const instructions = text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .flatMap((line): Instruction[] => {
      const [, keyword, rest] = /^([A-Z]+)\s+(.*)$/.exec(line.trim()) ?? [];
      return keyword === undefined || rest === undefined ? [] : [{ keyword, text: rest.trim() }];
    });
  const args = new Map<string, string>();
  const stages: (Stage & { readonly instructions: Instruction[] })[] = [];
  for (const instruction of instructions) {
    const stage = stages.at(-1);
    if (instruction.keyword === 'FROM') {
      const [image = '', , name] = instruction.text.split(/\s+/);
      const base = image.replaceAll(/\$\{(\w+)\}/g, (_, variable: string) => args.get(variable) ?? '');
      stages.push({ base, name, instructions: [] });
    } else if (stage !== undefined) {
      stage.instructions.push(instruction);
    } else {
      const [variable = '', value = ''] = instruction.text.split('=');
      args.set(variable, value);
    }
  }
  return stages;
}

/** Variables that a stage sets, in order; what it takes from its base is not known here. */
export function environmentOf(stage: Stage): Record<string, string> {
  const set = stage.instructions.filter(({ keyword }) => keyword === 'ENV').map(({ text }) => text);
  return Object.fromEntries(
    set.flatMap((text) =>
      text.split(/\s+/).map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string]),
    ),
  );
}

/** What an instruction in exec form holds. */
export function execForm(stage: Stage, keyword: string): readonly string[] | undefined {
  const text = stage.instructions.findLast((one) => one.keyword === keyword)?.text;
  return text?.startsWith('[') ? (JSON.parse(text) as string[]) : undefined;
}
