import type { LoggedEvent } from '../../events/event-log.ts';
import { maySee } from '../auth.ts';
import { eventsQuerySchema, streamEvents } from '../event-stream.ts';
import { eventDocs } from '../openapi/native-docs.ts';
import { checkQuery } from '../parse-body.ts';
import { type Call, endpointNamed, type Route } from '../route.ts';

export const eventRoutes: readonly Route[] = [
  {
    methods: ['GET'],
    path: '/v1/events',
    doc: eventDocs.stream,
    scopes: ['client', 'viewer'],
    async handle(call) {
      const { endpoint, job, follow, lastEventId } = checkQuery(eventsQuerySchema, call.query);
      if (endpoint !== undefined) endpointNamed(call, endpoint);
      const wants = (event: LoggedEvent) =>
        (endpoint === undefined || event.endpoint === endpoint) &&
        (job === undefined || event.jobId === job) &&
        isFor(call, event);
      const { reply, parts } = call;
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        // Proxies that gather answers would hold events back.
        'x-accel-buffering': 'no',
      });
      const header = reply.request.headers['last-event-id'];
      const lastId = header === undefined ? lastEventId : String(header);
      const signal = AbortSignal.any([call.signal, parts.stopping]);
      await streamEvents({
        ...{ log: parts.events, clock: parts.clock, raw, signal, wants, lastId },
        isFollowing: follow === 'true',
      });
      raw.end();
      return undefined;
    },
  },
];

/** Workers and budgets are shown to those who may list them. */
function isFor({ caller }: Call, event: LoggedEvent): boolean {
  if (!maySee(caller, event.endpoint)) return false;
  return caller.scope !== 'client' || !/^(worker|budget)\./.test(event.type);
}
