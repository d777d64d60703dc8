import { randomBytes } from 'node:crypto';

/**
 * The dead-man's switch: a small POSIX shell script that runs the work on the pod and terminates the pod itself when the work
 * is done, its time is over, or its cards are idle, whether or not anybody still watches. RunPod gives a pod its id and a key
 * of its own; with these the script asks in every way there is (REST, the older GraphQL, `runpodctl`), again and again until
 * the pod is gone. Where it has none of them it doesn't begin, and a container that is started again doesn't work again.
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
key=\${RUNPOD_API_KEY:-}; pod=\${RUNPOD_POD_ID:-}
say() { echo "[spillway] $1"; }
has() { command -v "$1" >/dev/null 2>&1; }
call() {
  set -- "$1" "$SPILLWAY_POD_API/$2" "$3" "Mozilla/5.0 (compatible; spillway)" 'Content-Type: application/json'
  if has curl; then
    curl -fsS -m 30 -X "$1" -A "$4" -H "Authorization: Bearer $key" \${3:+-H "$5" -d "$3"} "$2"
  elif has python3; then
    python3 -c 'import os,sys,urllib.request as u; sys.excepthook=lambda t,e,b: print(e,file=sys.stderr); _,m,a,d,n,t=sys.argv; h={"User-Agent":n,"Authorization":"Bearer "+os.environ["RUNPOD_API_KEY"],**({"Content-Type":"application/json"} if d else {})}; print(u.urlopen(u.Request(a,data=d.encode() or None,method=m,headers=h),timeout=30).read().decode())' "$@"
  elif [ "$1" = POST ]; then
    wget -q -T 30 -O - -U "$4" --header="$5" --header="Authorization: Bearer $key" --post-data="$3" "$2"
  else
    wget -q -T 30 -O - -U "$4" --method="$1" --header="Authorization: Bearer $key" "$2"
  fi
}
gone() {
  if [ -n "$key" ]; then
    call DELETE "v2/pods/$pod" '' && return 0
    answer=$(call POST graphql '{"query":"mutation { podTerminate(input: { podId: \\"'"$pod"'\\" }) }"}')
    case $answer in *'"errors"'*) echo "$answer" ;; *'"data"'*) return 0 ;; esac
  fi
  has runpodctl || return 1
  runpodctl remove pod "$pod" || runpodctl pod delete "$pod"
}
finish() {
  trap '' TERM
  say "$1: this pod is terminated"
  if [ -n "\${work:-}" ]; then kill -TERM "$work" 2>/dev/null; fi
  while ! gone; do say "it could not be terminated; trying again"; sleep 10; done
  exit 0
}
over() {
  say "exit $SPILLWAY_POD_TOKEN $1"
  sleep "$SPILLWAY_POD_GRACE"
  finish "its command is done"
}
busy() {
  if has nvidia-smi; then
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
if ! has runpodctl && { [ -z "$key" ] || ! { has curl || has python3 || has wget; }; }; then
  say "its command is not run, since the pod could not end itself: it needs RUNPOD_API_KEY, which RunPod sets, and one of curl, python3, wget or runpodctl in the image"
  over 125
fi
began=\${TMPDIR:-/tmp}/.spillway-$SPILLWAY_POD_TOKEN
if [ -e "$began" ]; then
  say "its container was started again: its command is not run a second time"
  over 137
fi
( : > "$began" ) 2>/dev/null
sh -c "$SPILLWAY_POD_COMMAND" & work=$!
watch & guard=$!
wait "$work"; code=$?
work=
kill "$guard" 2>/dev/null
over "$code"
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
