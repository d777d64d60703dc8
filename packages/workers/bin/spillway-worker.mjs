#!/usr/bin/env node
// A built-in worker: `spillway-worker detect`, or WORKER=detect. What RunPod starts in an image. `--health` asks the one
// that runs beside it whether it can be called, for health checks. Plain JavaScript, so that compiled code comes from its
// cache from the first TypeScript file on: for a file outside it Node loads its TypeScript compiler, which takes 30 ms.
const NEEDED_MAJOR = 24;
if (Number(process.versions.node.split('.')[0]) < NEEDED_MAJOR) {
  console.error(
    `spillway-worker needs Node ${NEEDED_MAJOR} or newer, and this is ${process.versions.node}; install it from https://nodejs.org.`,
  );
  process.exit(2);
}

// An old Node does not have it, and would say no more than that.
const { enableCompileCache } = await import('node:module');
enableCompileCache();
if (process.argv[2] === '--health') {
  const { checkHealth } = await import('@spillway/workers/health');
  const problem = await checkHealth(process.env).catch((error) => error.message);
  if (problem !== undefined) {
    console.error(problem);
    process.exitCode = 1;
  }
} else {
  await import('@spillway/workers/main');
}
