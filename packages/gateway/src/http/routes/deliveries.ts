import { GatewayError } from '../../errors.ts';
import { maySee } from '../auth.ts';
import { jobDocs } from '../openapi/native-docs.ts';
import type { Route } from '../route.ts';

export const deliveryRoutes: readonly Route[] = [
  {
    methods: ['GET'],
    path: '/v1/jobs/:id/deliveries',
    doc: jobDocs.deliveries,
    scopes: ['client', 'viewer'],
    async handle(call) {
      const jobId = call.params.id ?? '';
      const job = await call.parts.queue.get(jobId);
      if (!job || !maySee(call.caller, job.endpoint))
        throw new GatewayError('JOB_NOT_FOUND', 'job not found');
      return { deliveries: call.parts.deliveries.ofJob(jobId) };
    },
  },
  {
    methods: ['POST'],
    path: '/v1/deliveries/:id/redeliver',
    doc: jobDocs.redeliver,
    scopes: ['client'],
    async handle(call) {
      const { deliveries, clock, pokeWebhooks } = call.parts;
      const id = Number(call.params.id);
      const found = Number.isInteger(id) ? deliveries.get(id) : undefined;
      if (!found || !maySee(call.caller, found.endpoint))
        throw new GatewayError('DELIVERY_NOT_FOUND', 'delivery not found');
      await deliveries.redeliver(id, clock.now());
      pokeWebhooks();
      return { id, jobId: found.jobId };
    },
  },
];
