import { randomBytes } from 'node:crypto';

/**
 * The dead-man's switch: a small POSIX shell script that runs the work on the pod and terminates the pod itself when the work
 * is done, its time is over, or its cards are idle, whether or not anybody still watches. RunPod gives a pod its id and a key
 * of its own; the script calls the management API with them, again and again until the pod is gone.
 */
export interface PodLimits {
  /** Seconds that the pod may live, whatever it does. */
  readonly lifeSeconds: number;
  /** Seconds without any use of its cards (of its CPUs, where there are none) after which it ends; 0 for no such limit. */
  readonly idleSeconds: number;
  /** Seconds between the end of the work and that of the pod, in which its log can still be read. */
  readonly graceSeconds: number;
}

const SCRIPT = `
set -u
say() { echo "[spillway] $1"; }
gone() {
  if command -v curl >/dev/null 2>&1; then
    curl -fsS -m 30 -X DELETE -H "Authorization: Bearer $RUNPOD_API_KEY" "$SPILLWAY_POD_API/v2/pods/$RUNPOD_POD_ID"
  elif command -v python3 >/dev/null 2>&1; then
    python3 -c 'import os,urllib.request as u; e=os.environ; u.urlopen(u.Request(e["SPILLWAY_POD_API"]+"/v2/pods/"+e["RUNPOD_POD_ID"],method="DELETE",headers={"Authorization":"Bearer "+e["RUNPOD_API_KEY"]}),timeout=30)'
  else
    wget -q -T 30 -O - --method=DELETE --header="Authorization: Bearer $RUNPOD_API_KEY" "$SPILLWAY_POD_API/v2/pods/$RUNPOD_POD_ID"
  fi || runpodctl remove pod "$RUNPOD_POD_ID"
}
finish() {
  trap '' TERM
  say "$1: this pod is terminated"
  if [ -n "\${work:-}" ]; then kill -TERM "$work" 2>/dev/null; fi
  while ! gone; do say "it could not be terminated; trying again"; sleep 10; done
  exit 0
}
busy() {
  if command -v nvidia-smi >/dev/null 2>&1; then
    nvidia-smi --query-gpu=utilization.gpu --format=csv,noheader,nounits 2>/dev/null | grep -qv '^ *0 *$'
  else
    awk '{ exit !($1 > 0.2) }' /proc/loadavg
  fi
}
watch() {
  left=$SPILLWAY_POD_SECONDS; idle=0
  while [ "$left" -gt 0 ]; do
    step=5; if [ "$left" -lt "$step" ]; then step=$left; fi
    if [ "$SPILLWAY_POD_IDLE" -gt 0 ] && [ "$SPILLWAY_POD_IDLE" -lt "$step" ]; then step=$SPILLWAY_POD_IDLE; fi
    sleep "$step"; left=$((left - step))
    if [ "$SPILLWAY_POD_IDLE" -gt 0 ]; then
      if busy; then idle=0; else idle=$((idle + step)); fi
      if [ "$idle" -ge "$SPILLWAY_POD_IDLE" ]; then finish "idle for $idle s"; fi
    fi
  done
  finish "its time is over"
}
sh -c "$SPILLWAY_POD_COMMAND" & work=$!
watch & guard=$!
wait "$work"; code=$?
say "exit $SPILLWAY_POD_TOKEN $code"
sleep "$SPILLWAY_POD_GRACE"
work=
kill "$guard" 2>/dev/null
finish "its command is done"
`.trim();

export interface PodWork {
  /** A command line for the pod's shell. */
  readonly command: string;
  readonly limits: PodLimits;
  /** Origin of the management API. */
  readonly apiUrl: string;
  readonly token?: string;
}

export interface PodProgram {
  /** RunPod cuts it into words as a shell does. */
  readonly args: string;
  readonly env: Readonly<Record<string, string>>;
  /** In the line of the log that tells the command's end; random, so that the command's own words are not taken for it. */
  readonly token: string;
}

export function podProgram({
  command,
  limits,
  apiUrl,
  token = randomBytes(8).toString('hex'),
}: PodWork): PodProgram {
  return {
    token,
    args: `sh -c 'eval "$(printf %s "$SPILLWAY_POD_SCRIPT" | base64 -d)"'`,
    env: {
      SPILLWAY_POD_SCRIPT: Buffer.from(SCRIPT).toString('base64'),
      SPILLWAY_POD_COMMAND: command,
      SPILLWAY_POD_API: apiUrl.replace(/\/+$/, '').replace(/\/v2$/, ''),
      SPILLWAY_POD_SECONDS: String(Math.max(1, Math.floor(limits.lifeSeconds))),
      SPILLWAY_POD_IDLE: String(Math.floor(limits.idleSeconds)),
      SPILLWAY_POD_GRACE: String(Math.floor(limits.graceSeconds)),
      SPILLWAY_POD_TOKEN: token,
    },
  };
}

/** The command's exit code, when this line of the log tells it. */
export function exitCodeIn(line: string, token: string): number | undefined {
  const [, code] = new RegExp(`^\\[spillway\\] exit ${token} (\\d+)\\s*$`).exec(line) ?? [];
  return code === undefined ? undefined : Number(code);
}
