// The yardstick of `vsNoopServer`: handlers that do nothing but answer as long a text as the gateway would.
import { createHttpStack, JSON_TYPE } from './http-stack.ts';
import { JOB_INPUT } from './job-body.ts';

const ID = '00000000-0000-4000-8000-000000000000-s1';
const SUBMITTED = `{"id":"${ID}","status":"IN_QUEUE"}`;
const TAKEN = `{"id":"${ID}","input":${JOB_INPUT},"_spillway":{"attempt":1}}`;

const app = createHttpStack();
app.post('/v2/:endpoint/run', async (_request, reply) => reply.type(JSON_TYPE).send(SUBMITTED));
app.get('/v2/:endpoint/job-take/:worker', async (_request, reply) => reply.type(JSON_TYPE).send(TAKEN));
app.post('/v2/:endpoint/job-done/:worker/:id', async (_request, reply) => reply.type(JSON_TYPE).send('{}'));

console.log(await app.listen({ host: '127.0.0.1', port: 0 }));
