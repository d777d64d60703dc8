import { viewGpus } from '../../fleet/gpu/gpus-view.ts';
import { maySee } from '../auth.ts';
import { gpuDocs } from '../openapi/native-docs.ts';
import type { Route } from '../route.ts';

/** The graphics cards of this machine: how full they are, with whose workers, and what endpoints need. */
export const gpuRoutes: readonly Route[] = [
  {
    methods: ['GET'],
    path: '/v1/gpus',
    doc: gpuDocs.list,
    scopes: ['viewer'],
    handle({ parts, caller }) {
      const { placer, endpoints, fleet } = parts;
      return viewGpus({
        placer,
        endpoints: [...endpoints].filter(({ name }) => maySee(caller, name)),
        pools: parts.usage.pools(),
        workers: fleet.workers().filter(({ endpoint }) => maySee(caller, endpoint)),
      });
    },
  },
];
