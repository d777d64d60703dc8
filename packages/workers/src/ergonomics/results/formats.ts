/** In which forms results of a sequence can be had as files; the JSON is always there. */
export const RESULT_FORMATS = ['csv', 'html', 'npz', 'pdf', 'pkl', 'xlsx'] as const;
export type ResultFormat = (typeof RESULT_FORMATS)[number];

export const MEDIA_TYPES: Readonly<Record<ResultFormat, string>> = {
  csv: 'text/csv',
  html: 'text/html',
  npz: 'application/x-npz',
  pdf: 'application/pdf',
  pkl: 'application/x-python-pickle',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
};

/** A file within a job's output. */
export interface ResultFile {
  readonly name: string;
  readonly media_type: string;
  readonly base64: string;
}
