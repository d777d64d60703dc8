// The yardstick of `vsNoopServer`: handlers that do nothing but answer as long a text as the gateway would.
import { serveHttpStack } from './http-stack.ts';
import { JOB_INPUT } from './job-body.ts';

const ID = '00000000-0000-4000-8000-000000000000-s1';
const SUBMITTED = `{"id":"${ID}","status":"IN_QUEUE"}`;
const TAKEN = `{"id":"${ID}","input":${JOB_INPUT},"_spillway":{"attempt":1}}`;

const url = await serveHttpStack({
  'POST /v2/:endpoint/run': () => SUBMITTED,
  'GET /v2/:endpoint/job-take/:worker': () => TAKEN,
  'POST /v2/:endpoint/job-done/:worker/:id': () => '{}',
});
console.log(url);
