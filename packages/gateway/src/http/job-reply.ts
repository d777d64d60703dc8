import { ArtifactError } from '@spillway/artifacts';
import type { WaitReason } from '@spillway/protocol';
import type { Job } from '../jobs/job.ts';
import { jobBody } from '../jobs/job-body.ts';
import { isReference } from '../jobs/large-values/value-reference.ts';
import { joinJsonObject } from '../lib/json-slices.ts';
import { answerParts, sendParts } from './large-answer.ts';
import type { Call } from './route.ts';
import { valueEntry } from './value-url.ts';

/** The answer that shows a job; while it waits, with the reason. A large output goes out as it is read. */
export function jobReply(call: Call, job: Job, waitReason?: WaitReason): string | Promise<undefined> {
  if (isReference(job.output)) return largeReply(call, job);
  return joinJsonObject([...jobBody(job), ['waitReason', waitReason && JSON.stringify(waitReason)]]);
}

/** With `?values=url` it has `outputUrl` in place of `output`. */
async function largeReply(call: Call, job: Job): Promise<undefined> {
  const isUrlAsked = call.query.values === 'url';
  const entries = await Promise.all(
    jobBody(job).map((entry) =>
      isUrlAsked && entry[0] === 'output' ? valueEntry(call, job, 'output') : entry,
    ),
  );
  try {
    await sendParts(call, answerParts(entries));
  } catch (error) {
    if (!(error instanceof ArtifactError) || call.reply.raw.headersSent) throw error;
    // It may have been retried or deleted meanwhile.
    const now = await call.parts.queue.get(job.id);
    if (!now || now.output === job.output) throw error;
    const reply = await jobReply(call, now);
    if (reply !== undefined) call.reply.send(reply);
  }
  return undefined;
}
