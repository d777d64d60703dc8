/**
 * What an artifact's first bytes say that it is. Only the kinds that a lie is told about: names and media types are what
 * an uploader says, these are what a decoder will meet.
 */
export const MAGIC_BYTES = 16;

type Family = 'video' | 'image' | 'audio' | 'other';

const text = (bytes: Uint8Array, from: number, to: number) =>
  Buffer.from(bytes.subarray(from, to)).toString('latin1');

const KINDS: readonly {
  readonly family: Family;
  readonly name: string;
  readonly fits: (head: Uint8Array) => boolean;
}[] = [
  {
    family: 'image',
    name: 'HEIF or AVIF picture',
    fits: (head) =>
      text(head, 4, 8) === 'ftyp' && /^(heic|heix|mif1|avif|avis|heim|heis|hevc)$/.test(text(head, 8, 12)),
  },
  {
    family: 'audio',
    name: 'M4A sound',
    fits: (head) => text(head, 4, 8) === 'ftyp' && text(head, 8, 11) === 'M4A',
  },
  {
    family: 'video',
    name: 'MP4 or QuickTime video',
    fits: (head) => /^(ftyp|moov|mdat|wide|free|skip)$/.test(text(head, 4, 8)),
  },
  { family: 'video', name: 'Matroska or WebM video', fits: (head) => text(head, 0, 4) === '\x1aE\xdf\xa3' },
  {
    family: 'video',
    name: 'AVI video',
    fits: (head) => text(head, 0, 4) === 'RIFF' && text(head, 8, 12) === 'AVI ',
  },
  {
    family: 'audio',
    name: 'WAV sound',
    fits: (head) => text(head, 0, 4) === 'RIFF' && text(head, 8, 12) === 'WAVE',
  },
  {
    family: 'image',
    name: 'WebP picture',
    fits: (head) => text(head, 0, 4) === 'RIFF' && text(head, 8, 12) === 'WEBP',
  },
  { family: 'image', name: 'PNG picture', fits: (head) => text(head, 0, 4) === '\x89PNG' },
  { family: 'image', name: 'JPEG picture', fits: (head) => text(head, 0, 3) === '\xff\xd8\xff' },
  { family: 'image', name: 'GIF picture', fits: (head) => text(head, 0, 4) === 'GIF8' },
  { family: 'other', name: 'PDF document', fits: (head) => text(head, 0, 5) === '%PDF-' },
  { family: 'other', name: 'ZIP archive', fits: (head) => text(head, 0, 4) === 'PK\x03\x04' },
  {
    family: 'other',
    name: 'web page',
    fits: (head) => /^\s*<(!doctype html|html)/i.test(text(head, 0, MAGIC_BYTES)),
  },
  {
    family: 'other',
    name: 'program',
    fits: (head) => text(head, 0, 4) === '\x7fELF' || (text(head, 0, 2) === 'MZ' && head.length > 2),
  },
];

/** What the first bytes are those of; undefined for formats that are not known here. */
export function kindOfBytes(
  head: Uint8Array,
): { readonly family: Family; readonly name: string } | undefined {
  return KINDS.find(({ fits }) => fits(head));
}

/**
 * Undefined where the first bytes may be what the media type says, else what they are. Sound comes in containers of
 * video too, and a format that is not known here is not judged.
 */
export function findLie(mediaType: string, head: Uint8Array): string | undefined {
  const claimed = mediaType.split('/')[0] ?? '';
  if (!/^(video|image|audio)$/.test(claimed)) return undefined;
  const kind = kindOfBytes(head);
  if (!kind || kind.family === claimed) return undefined;
  return claimed === 'audio' && kind.family === 'video' ? undefined : kind.name;
}
