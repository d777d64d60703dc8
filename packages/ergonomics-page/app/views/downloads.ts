import type { JobStatusView } from '../analysis.ts';
import { h } from '../element.ts';
import { bytesText } from '../format.ts';

/** Every form of the result that the server has, with what each is good for. */
const FORMS = [
  { kind: 'pdf', field: 'pdf_url', name: 'PDF', text: 'the report, to print and sign' },
  { kind: 'html', field: 'html_url', name: 'HTML', text: 'the report as one page' },
  { kind: 'xlsx', field: 'excel_url', name: 'XLSX', text: 'the summary for Excel' },
  { kind: 'csv', field: 'csv_url', name: 'CSV', text: 'angles and scores over time' },
  { kind: 'json', field: 'json_url', name: 'JSON', text: 'all of it, for programs' },
  { kind: 'npz', field: 'npz_url', name: 'NPZ', text: 'for NumPy' },
  { kind: 'pkl', field: 'pkl_url', name: 'PKL', text: 'for Python' },
] as const;

export function downloadList({ results = {}, download_url: pickle }: JobStatusView): HTMLElement {
  const sizeOf = (kind: string) => results.files?.find((one) => one.kind === kind)?.size_bytes;
  const links = FORMS.flatMap(({ kind, field, name, text }) => {
    const url = results[field] ?? (kind === 'pkl' ? pickle : undefined);
    return url === undefined ? [] : [item(url, name, text, sizeOf(kind))];
  });
  const videos = (results.videos ?? []).map(({ url }) =>
    item(url, 'MP4', 'the video with skeleton and scores', sizeOf('video')),
  );
  return h('ul', { class: 'downloads' }, ...links, ...videos);
}

function item(url: string, name: string, text: string, sizeBytes: number | undefined): HTMLElement {
  const size = sizeBytes === undefined ? '' : ` · ${bytesText(sizeBytes)}`;
  return h(
    'li',
    {},
    h(
      'a',
      { href: url, download: '', rel: 'noreferrer' },
      h('b', {}, name),
      h('span', { class: 'quiet' }, `${text}${size}`),
    ),
  );
}
