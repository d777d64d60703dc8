import { type ChartDrawing, layOutChart } from './chart-geometry.ts';
import type { Block, EmbeddedPicture, MomentBlock, Report, TableColumn } from './report-blocks.ts';
import { REPORT_STYLE } from './report-style.ts';
import { textOn } from './risk-levels.ts';

/** A report as one HTML page that needs nothing else: no scripts, and pictures within it. */
export function writeHtml({ title, blocks }: Report): string {
  const body = blocks.map(blockHtml).join('\n');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${REPORT_STYLE}</style></head><body><main>
<h1>${escapeHtml(title)}</h1>
${body}
</main></body></html>
`;
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
export const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => escapes[character] ?? '');

const CHART_SIZE = { width: 960, height: 160, fontSize: 11 } as const;

function blockHtml(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h2>${escapeHtml(block.text)}</h2>`;
    case 'subheading':
      return `<h3>${escapeHtml(block.text)}</h3>`;
    case 'text':
      return `<p>${escapeHtml(block.text)}</p>`;
    case 'warning':
      return `<p class="warning">${escapeHtml(block.text)}</p>`;
    case 'facts':
      return cards(block.facts);
    case 'details':
      return block.rows.length === 0 ? '' : tableHtml('details', [], block.rows);
    case 'legend':
      return `<p class="legend">${block.entries.map(({ color, label }) => `<i style="background:${color}"></i>${escapeHtml(label)}`).join(' ')}</p>`;
    case 'chart': {
      const drawing = layOutChart(block.chart, CHART_SIZE);
      return drawing ? svgOf(drawing, block.chart.label) : '<p>There are no samples.</p>';
    }
    case 'shares':
      return `<table class="bars">${block.rows.map(({ name, shares }) => `<tr><td>${escapeHtml(name)}</td><td>${shareBar(shares)}</td></tr>`).join('')}</table>`;
    case 'table':
      return tableHtml('', block.columns, block.rows);
    case 'list':
      return `<ul${block.isDense ? ' class="columns"' : ''}>${block.items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;
    case 'moments':
      return `<div class="moments">${block.moments.map(momentHtml).join('')}</div>`;
    case 'signature':
      return `<p class="signature">${block.fields.map((field) => `<span>${escapeHtml(field)}</span>`).join('')}</p>`;
  }
}

const cards = (facts: Extract<Block, { kind: 'facts' }>['facts']) =>
  `<div class="cards">${facts
    .map(({ name, value, note = '', color }) => {
      const line = color ? ` style="border-color:${color}"` : '';
      return `<div class="card"${line}>${escapeHtml(name)}<b>${escapeHtml(value)}</b>${escapeHtml(note)}</div>`;
    })
    .join('')}</div>`;

function tableHtml(
  className: string,
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
): string {
  const row = (cells: readonly string[], tag: 'td' | 'th') =>
    `<tr>${cells
      .map(
        (cell, at) => `<${tag}${columns[at]?.isNumber ? ' class="number"' : ''}>${escapeHtml(cell)}</${tag}>`,
      )
      .join('')}</tr>`;
  const head =
    columns.length === 0
      ? ''
      : `<thead>${row(
          columns.map(({ title }) => title),
          'th',
        )}</thead>`;
  const own = className === '' ? '' : ` class="${className}"`;
  return `<table${own}>${head}<tbody>${rows.map((cells) => row(cells, 'td')).join('')}</tbody></table>`;
}

/** Shares that add up to 1, side by side. */
function shareBar(shares: Extract<Block, { kind: 'shares' }>['rows'][number]['shares']): string {
  const parts = shares
    .filter(({ share }) => share > 0)
    .map(({ share, color, label }) => {
      const percent = (share * 100).toFixed(1);
      return `<span style="width:${percent}%;background:${color};color:${textOn(color)}" title="${escapeHtml(label)}: ${percent} %">${share >= 0.06 ? `${Math.round(share * 100)} %` : ''}</span>`;
    });
  return `<div class="bar">${parts.join('')}</div>`;
}

function momentHtml({ rank, time, picture, scores, lines }: MomentBlock): string {
  const badges = scores.map(
    ({ name, value, level, color }) =>
      `<p><span class="badge" style="background:${color};color:${textOn(color)}">${escapeHtml(name)} ${value}</span> ${escapeHtml(level)}</p>`,
  );
  return `<div class="moment">${picture ? pictureHtml(picture, `Moment ${rank}`) : ''}<div>
<h3>${rank}. ${escapeHtml(time)}</h3>${badges.join('')}${lines.map((line) => `<p>${escapeHtml(line)}</p>`).join('')}</div></div>`;
}

const pictureHtml = ({ jpeg, widthPx, heightPx }: EmbeddedPicture, alt: string) =>
  `<img alt="${escapeHtml(alt)}" width="${widthPx}" height="${heightPx}" src="data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}">`;

function svgOf(drawing: ChartDrawing, label: string): string {
  const { width, height, areas, grid, ticks, texts, paths, marks, fontSize } = drawing;
  const n = (value: number) => String(Math.round(value * 10) / 10);
  const body = [
    ...areas.map(
      (one) =>
        `<rect x="${n(one.x)}" y="${n(one.y)}" width="${n(one.width)}" height="${n(one.height)}" fill="${one.color}" opacity="${one.opacity}"/>`,
    ),
    ...grid.map(
      ({ x1, x2, y }) => `<line x1="${n(x1)}" x2="${n(x2)}" y1="${n(y)}" y2="${n(y)}" class="grid"/>`,
    ),
    ...ticks.map(
      ({ x, y1, y2 }) => `<line x1="${n(x)}" x2="${n(x)}" y1="${n(y1)}" y2="${n(y2)}" class="grid"/>`,
    ),
    ...texts.map(
      ({ x, y, anchor, text }) => `<text x="${n(x)}" y="${n(y)}" text-anchor="${anchor}">${text}</text>`,
    ),
    ...paths.map(
      (one) =>
        `<path d="${one.d}" fill="none" stroke="${one.color}" stroke-width="${n(one.width * 1.4)}" stroke-linejoin="round"/>`,
    ),
    ...marks.map(
      ({ x, y, r, text }) =>
        `<circle cx="${n(x)}" cy="${n(y)}" r="${n(r)}" class="mark"/><text x="${n(x)}" y="${n(y + fontSize * 0.33)}" class="rank" text-anchor="middle">${text}</text>`,
    ),
  ];
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(label)}">${body.join('')}</svg>`;
}
