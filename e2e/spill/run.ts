// npm run test:spill [-- --local hung,slow] [--remote gone] [--at-once 4]
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { LOCAL_STATES, type LocalState } from './local-states.ts';
import { REMOTE_STATES, type RemoteState } from './remote-states.ts';
import { runCell } from './spill-cell.ts';
import { spillTable } from './spill-table.ts';

const ALLOWED_LATE_MS = 1_000;

const { values } = parseArgs({
  options: { local: { type: 'string' }, remote: { type: 'string' }, 'at-once': { type: 'string' } },
});
const chosen = <State extends string>(option: string, known: Record<State, string>): State[] => {
  const given = (values[option as 'local'] ?? Object.keys(known).join(',')).split(',');
  const unknown = given.find((one) => !(one in known));
  if (unknown === undefined) return given as State[];
  console.error(`--${option}: expected some of ${Object.keys(known).join(', ')}, found ${unknown}`);
  process.exit(2);
};
const locals: readonly LocalState[] = chosen('local', LOCAL_STATES);
const remotes: readonly RemoteState[] = chosen('remote', REMOTE_STATES);
const left = locals.flatMap((local) => remotes.map((remote) => ({ local, remote })));
const reports: Awaited<ReturnType<typeof runCell>>[] = [];
console.log(`${left.length} combinations, RunPod played by a second gateway behind a proxy`);
// Gateways and test share this process: by this much it may be late itself, on a machine that has other things to do.
const standstill = monitorEventLoopDelay({ resolution: 10 });
standstill.enable();
const hands = Array.from({ length: Number(values['at-once'] ?? 4) }, async () => {
  for (let cell = left.shift(); cell; cell = left.shift())
    reports.push(await runCell(cell.local, cell.remote));
});
await Promise.all(hands);
console.log(spillTable(reports));
console.log(`this process stood still for up to ${Math.round(standstill.max / 1e6)} ms at a time`);
const late = reports.filter(({ spillLateMs }) => spillLateMs > ALLOWED_LATE_MS);
if (late.length > 0)
  console.log(`${late.length} spilled more than ${ALLOWED_LATE_MS} ms after the rule's time`);
process.exitCode = late.length > 0 || reports.some(({ broken }) => broken.length > 0) ? 1 : 0;
