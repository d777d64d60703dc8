import { Webhook } from 'standardwebhooks';
import type { Job } from '../jobs/job.ts';
import { jobBody } from '../jobs/job-body.ts';
import { joinJsonObject } from '../lib/json-slices.ts';
import type { Delivery } from './delivery.ts';

/**
 * The request that tells a job's end: RunPod's body (the status body with `input` and `webhook`), and the headers of
 * Standard Webhooks, by which a receiver can check that it comes from here and was not seen before. `at`: the wall
 * clock's epoch milliseconds.
 */
export function webhookRequest(delivery: Delivery, job: Job, secret: string, at: number) {
  const body = joinJsonObject([
    ...jobBody(job),
    ['input', job.input],
    ['webhook', JSON.stringify(delivery.url)],
  ]);
  // The same for every try, so that a receiver can tell a repetition.
  return signed(`msg_${job.id}_${delivery.id}`, body, secret, at);
}

/** The request of a delivery that brings its own body. */
export function alertRequest({ id }: Delivery, body: string, secret: string, at: number) {
  return signed(`msg_alert_${id}`, body, secret, at);
}

function signed(id: string, body: string, secret: string, at: number) {
  const sentAt = new Date(at);
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Spillway',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at / 1_000)),
      'webhook-signature': new Webhook(secret).sign(id, sentAt, body),
    },
  };
}
