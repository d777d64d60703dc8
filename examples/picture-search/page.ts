// The page with the hits: one file that shows everything by itself, from anywhere, with no script and nothing to fetch.
// File names are other people's words: each goes through `escapeHtml` or `linkTo`.
import path from 'node:path';
import { STYLE } from './page-style.ts';
import type { Hit } from './rank.ts';

export interface PageQuery {
  /** A text as it was typed, or the picture's file. */
  readonly words: string;
  /** Data URL of the picture that was searched with; undefined for a text. */
  readonly picture: string | undefined;
  readonly hits: readonly PageHit[];
}

export interface PageHit extends Hit {
  /** Data URL; undefined where the picture is gone. */
  readonly thumbnail: string | undefined;
}

export interface PageFacts {
  readonly queries: readonly PageQuery[];
  readonly pictures: number;
  readonly folder: string;
  /** Absolute path of the page, for its links. */
  readonly pageFile: string;
  readonly model: string;
  readonly isDemo: boolean;
  readonly searchedMs: number;
}

/** Data URLs are the page's only pictures; a name that breaks out of its place could still load and run nothing. */
const POLICY =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

export function renderPage(facts: PageFacts): string {
  const { queries, pictures, folder, model, isDemo, searchedMs } = facts;
  const title = queries.map(({ words }) => words).join(', ');
  const took = searchedMs < 10 ? searchedMs.toFixed(1) : searchedMs.toFixed(0);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} · Picture search</title>
<style>${STYLE}</style>
</head>
<body>
<header class="top">
<p class="mark">${LENS}<span>Picture search</span></p>
<p class="facts"><b>${pictures}</b> ${pictures === 1 ? 'picture' : 'pictures'} in <bdi title="${escapeHtml(folder)}">${escapeHtml(path.basename(folder))}</bdi></p>
</header>
<main>
${queries.length > 1 ? renderIndex(queries) : ''}${queries.map((query, at) => renderQuery(query, at, facts)).join('\n')}
</main>
<footer>
<p>The number is the cosine between two vectors of <bdi>${escapeHtml(model)}</bdi>; the bar shows how far a picture stands out from most of the folder. Compared in ${took} ms.</p>
${isDemo ? '<p>This is a demo model: it knows drawn shapes and nothing else.</p>\n' : ''}</footer>
</body>
</html>
`;
}

function renderIndex(queries: readonly PageQuery[]): string {
  const links = queries.map(
    ({ words, picture }, at) =>
      `<a href="#query-${at}">${picture ? thumbnailOf(picture, 'dot') : ''}${named(picture ? path.basename(words) : words)}</a>`,
  );
  return `<nav aria-label="Searches">${links.join('\n')}</nav>\n`;
}

function renderQuery({ words, picture, hits }: PageQuery, at: number, facts: PageFacts): string {
  const head = picture
    ? `${thumbnailOf(picture, 'asked')}<div><p class="kind">Pictures like</p><h2>${named(path.basename(words))}</h2></div>`
    : `<div><p class="kind">Pictures of</p><h2>${named(words)}</h2></div>`;
  const cards = hits.map((hit, place) => renderHit(hit, place, facts)).join('\n');
  const body =
    hits.length > 0 ? `<ol>\n${cards}\n</ol>` : '<p class="none">There are no pictures in the index.</p>';
  return `<section id="query-${at}">\n<div class="query">${head}</div>\n${body}\n</section>`;
}

function renderHit({ file, score, share, thumbnail }: PageHit, place: number, facts: PageFacts): string {
  const link = linkTo(facts.pageFile, path.join(facts.folder, file));
  const alt = `Hit ${place + 1}: ${file}`;
  const shown = thumbnail
    ? `<img src="${escapeHtml(thumbnail)}" alt="${escapeHtml(alt)}" width="240" height="240" loading="lazy">`
    : '<span class="gone">is not there any more</span>';
  const width = Math.round(share * 100);
  return `<li><a href="${escapeHtml(link)}" title="${escapeHtml(file)}">${shown}
<span class="row"><span class="bar"><span style="width:${width}%"></span></span><span class="score">${score.toFixed(3)}</span></span>
<span class="file">${named(file)}</span></a></li>`;
}

/** Only data URLs of our own making come here. */
const thumbnailOf = (dataUrl: string, kind: string) =>
  `<img class="${kind}" src="${escapeHtml(dataUrl)}" alt="">`;

/** Directions of writing end with the name. */
const named = (text: string) => `<bdi>${escapeHtml(text)}</bdi>`;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For text and for attributes in quotes; what can't be seen is shown as such. */
export function escapeHtml(text: string): string {
  return (
    text
      .replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: names of files may hold them
      .replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd')
  );
}

/** From the page to a file, relative, so that both may move together. It begins with a dot: no name becomes a scheme. */
export function linkTo(pageFile: string, file: string): string {
  const relative = path.relative(path.dirname(pageFile), file).split(path.sep);
  const parts = relative.map((part) => encodeURIComponent(part.toWellFormed()));
  return parts[0] === '..' ? parts.join('/') : ['.', ...parts].join('/');
}

const LENS =
  '<svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><circle cx="10.5" cy="10.5" r="6.5"/><path d="m15.5 15.5 5 5"/></svg>';
