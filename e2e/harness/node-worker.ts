/** A worker on our SDK as a file of its own; `body` is the handler's body, with `job` and `context` at hand. */
export function nodeWorker(body: string, options = ''): string {
  const sdk = import.meta.resolve('@spillway/sdk/worker');
  return `import { startWorker } from '${sdk}';
await startWorker({
  async handler(job, context) {
    ${body}
  },${options}
});
`;
}

/** YAML of an endpoint that runs `file` of the test's folder with this Node. */
export function nodeEndpoint(name: string, file: string, more = ''): string {
  return `  ${name}:
    command: [${JSON.stringify(process.execPath)}, ${file}]
    cwd: .
${more}`;
}
