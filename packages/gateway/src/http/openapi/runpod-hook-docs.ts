import { z } from 'zod';
import { ok, type RouteDoc } from './route-doc.ts';

export const runpodHookDocs = {
  told: {
    ...{
      id: 'runpodHook',
      tag: 'RunPod jobs',
      summary: 'Hear that a job which was handed to RunPod has ended',
    },
    description:
      "RunPod calls it where `publicUrl` is set; each attempt's address carries a code of its own. Nothing is believed: the gateway asks RunPod.",
    body: z.looseObject({ id: z.string().describe("The job's id at RunPod.") }),
    answers: ok('Heard.', z.object({})),
  },
} as const satisfies Record<string, RouteDoc>;
