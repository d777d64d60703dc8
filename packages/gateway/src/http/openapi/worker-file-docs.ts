import {
  followUpSchema,
  followUpStateSchema,
  workerFileCallSchema,
  workerFileListSchema,
  workerFileReplySchema,
  workerFileSchema,
} from '@spillway/protocol/v1';
import { z } from 'zod';
import { NO_CONTENT, ok, type RouteDoc } from './route-doc.ts';

const TAG = 'Workers';

export const workerFileDocs = {
  list: {
    ...{ id: 'listWorkerFiles', tag: TAG, summary: "List files of an endpoint's workers" },
    query: z.object({ prefix: z.string().describe('Of their keys.').optional() }),
    answers: ok('Those files.', workerFileListSchema),
  },
  call: {
    ...{ id: 'callWorkerFiles', tag: TAG, summary: 'Sign URLs, and upload in parts' },
    body: workerFileCallSchema,
    answers: ok('What was asked for.', workerFileReplySchema),
  },
  show: {
    ...{ id: 'showWorkerFile', tag: TAG, summary: 'Show a file of workers' },
    description: 'Also an artifact that a client uploaded, while the worker runs a job whose input names it.',
    answers: ok('The file.', workerFileSchema),
  },
  write: {
    ...{ id: 'writeWorkerFile', tag: TAG, summary: 'Write a file of workers' },
    headers: z.object({
      'If-Match': z.string().describe('Write only while this is its etag.').optional(),
      'If-None-Match': z.string().describe('`*`: write only while there is none.').optional(),
    }),
    answers: ok('The file.', workerFileSchema),
  },
  delete: {
    ...{ id: 'deleteWorkerFile', tag: TAG, summary: 'Delete a file of workers' },
    answers: NO_CONTENT,
  },
  followUp: {
    ...{ id: 'submitFollowUp', tag: TAG, summary: 'Go on after a job with another one' },
    description: 'To the same endpoint; it has the tags and the priority of the job that the worker runs.',
    body: followUpSchema,
    answers: { 201: { description: 'The new job.', schema: followUpStateSchema } },
  },
  followUpState: {
    ...{ id: 'showFollowUp', tag: TAG, summary: 'Show how a job of the endpoint stands' },
    answers: ok('The job, without its output.', followUpStateSchema),
  },
  followUpCancel: {
    ...{ id: 'cancelFollowUp', tag: TAG, summary: 'Cancel a job of the endpoint' },
    answers: ok('The job.', followUpStateSchema),
  },
} as const satisfies Record<string, RouteDoc>;
