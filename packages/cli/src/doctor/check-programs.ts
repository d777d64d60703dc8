import type { Finding } from './finding.ts';
import { runProgram } from './run-program.ts';

/** Programs of other people that some endpoints make use of; a gateway with built-in workers needs none of them. */
export async function checkPrograms(): Promise<Finding[]> {
  const python = await checkPython();
  return [...python, ...(await Promise.all([checkFfmpeg(), checkGpu(), checkContainers()]))];
}

async function checkPython(): Promise<Finding[]> {
  const python = await runProgram('python3', ['--version']);
  if (!python.isOk) {
    return [
      {
        name: 'python3',
        status: 'optional',
        detail: 'not found; needed for handlers in Python',
        remedy: 'install Python 3.10 or newer',
        packages: {
          'apt-get': ['python3', 'python3-venv'],
          dnf: ['python3'],
          apk: ['python3'],
          brew: ['python'],
        },
      },
    ];
  }
  const version = { name: 'python3', status: 'ok', detail: python.output.replace('Python ', '') } as const;
  const code = 'import importlib.metadata as m; print(m.version("runpod"))';
  const runpod = await runProgram('python3', ['-c', code]);
  return [
    version,
    runpod.isOk
      ? { name: 'python3 runpod', status: 'ok', detail: runpod.output }
      : {
          name: 'python3 runpod',
          status: 'optional',
          detail: "not found; needed for handlers on RunPod's Python SDK",
          remedy: 'python3 -m pip install runpod (in the environment that the endpoint’s command uses)',
        },
  ];
}

/** Both programs, where the workers would find them. */
async function checkFfmpeg(): Promise<Finding> {
  const absent = {
    name: 'ffmpeg',
    status: 'optional',
    packages: { 'apt-get': ['ffmpeg'], dnf: ['ffmpeg-free'], apk: ['ffmpeg'], brew: ['ffmpeg'] },
  } as const;
  // Lazy, as all of the workers here.
  const { findFfmpeg } = await import('@spillway/workers/video');
  const found = await findFfmpeg().catch((error: Error) => error.message);
  if (typeof found === 'string') {
    return { ...absent, detail: 'not found; needed for videos', remedy: found };
  }
  const { isOk, output } = await runProgram(found.ffmpeg, ['-version']);
  if (!isOk) {
    const detail = `${found.ffmpeg} does not run: ${firstLine(output)}`;
    return { ...absent, detail, remedy: 'install ffmpeg anew' };
  }
  const version = /^ffmpeg version (\S+)/.exec(output)?.[1] ?? 'found';
  return { name: 'ffmpeg', status: 'ok', detail: `${version} (${found.ffmpeg}, ${found.ffprobe})` };
}

async function checkGpu(): Promise<Finding> {
  const answer = await runProgram('nvidia-smi', ['--query-gpu=name,memory.total', '--format=csv,noheader']);
  if (answer.isOk && answer.output !== '') {
    return { name: 'gpu', status: 'ok', detail: answer.output.split('\n').join('; ') };
  }
  return {
    name: 'gpu',
    status: 'optional',
    detail: answer.isAbsent
      ? 'no NVIDIA driver found; workers run on the CPU'
      : `nvidia-smi: ${firstLine(answer.output)}`,
    remedy: 'for a card in this machine, install its driver from https://www.nvidia.com/drivers',
  };
}

async function checkContainers(): Promise<Finding> {
  const reasons: string[] = [];
  for (const engine of ['docker', 'podman']) {
    const answer = await runProgram(engine, ['version', '--format', '{{.Client.Version}}']);
    if (answer.isOk) {
      return { name: 'containers', status: 'ok', detail: `${engine} ${firstLine(answer.output)}` };
    }
    if (!answer.isAbsent) reasons.push(`${engine} is there but says: ${firstLine(answer.output)}`);
  }
  return {
    name: 'containers',
    status: 'optional',
    detail: reasons.join('; ') || 'neither docker nor podman found; needed for endpoints with an `image`',
  };
}

function firstLine(text: string): string {
  return text.split('\n').find((line) => line.trim() !== '') ?? 'nothing';
}
