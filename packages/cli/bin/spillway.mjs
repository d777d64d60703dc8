#!/usr/bin/env node
// Plain JavaScript that an old Node understands too: Spillway itself needs version 24. Where the Node that started this
// is older, the one that the installation brought along takes over.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { GATEWAY_NODE_FLAGS } from './node-flags.mjs';

const NEEDED_MAJOR = 24;
const script = fileURLToPath(import.meta.url);
const args = process.argv.slice(2);
// Only flags that a gateway profits from: the other commands start at once.
const flags = args[0] === 'up' ? GATEWAY_NODE_FLAGS : [];

if (Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR) {
  await start();
} else {
  const node = findInstalledNode(path.dirname(script));
  if (node === undefined) {
    console.error(
      `spillway needs Node ${NEEDED_MAJOR} or newer, and this is ${process.versions.node}; install it from https://nodejs.org, or start spillway with npx where it was installed.`,
    );
    process.exitCode = 2;
  } else {
    handOver(node);
  }
}

async function start() {
  becomeFlagged();
  const { enableCompileCache } = await import('node:module');
  enableCompileCache();
  // By its own name: TypeScript in the repository, JavaScript in the package that is published.
  const { main } = await import('spillway');
  process.exitCode = await main(args);
}

/** Starts anew with the flags, in the same process; where that can't be done, it goes on without them. */
function becomeFlagged() {
  if (flags.every((flag) => process.execArgv.includes(flag)) || process.execve === undefined) return;
  try {
    process.execve(process.execPath, [process.execPath, ...flags, ...process.execArgv, script, ...args]);
  } catch {
    // Windows can't replace a process.
  }
}

/** The `node` package's program in the nearest node_modules above `folder`. */
function findInstalledNode(folder) {
  const program = process.platform === 'win32' ? 'node.exe' : 'node';
  for (let here = folder; ; here = path.dirname(here)) {
    const node = path.join(here, 'node_modules', 'node', 'bin', program);
    // The variable stops a loop, should that one be too old as well.
    if (existsSync(node) && process.env.SPILLWAY_HANDED_OVER === undefined) return node;
    if (path.dirname(here) === here) return undefined;
  }
}

/** Runs the same command line with `node`; signals reach it, and its way of ending becomes ours. */
function handOver(node) {
  const child = spawn(node, [...flags, script, ...args], {
    stdio: 'inherit',
    env: { ...process.env, SPILLWAY_HANDED_OVER: '1' },
  });
  // Ctrl-C in a terminal reaches both processes: only the child decides what it means.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('error', (error) => {
    console.error(`spillway could not start ${node}: ${error.message}`);
    process.exitCode = 2;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code === null ? 128 + (signal === 'SIGINT' ? 2 : 15) : code;
  });
}
