import { type ChartOptions, layOutChart } from './chart-geometry.ts';
import { drawChart } from './pdf-chart.ts';
import { heightOf, need, PAPER, type PdfFlow, QUIET, RULE, widthOf, writeAt, writeLine } from './pdf-flow.ts';
import { drawMoments, MOMENT_HEIGHT } from './pdf-moments.ts';
import { drawTable } from './pdf-table.ts';
import type { Block } from './report-blocks.ts';
import { textOn } from './risk-levels.ts';

/** Every kind of block on paper. */
const CHART_HEIGHT = 90;
const BAR_HEIGHT = 15;
const FACT_HEIGHT = 46;
const SIGNATURE_HEIGHT = 70;

/** About how much room a block needs below what leads to it. */
export function leastHeight(block: Block): number {
  switch (block.kind) {
    case 'heading':
      return 36;
    case 'subheading':
      return 20;
    case 'chart':
      return CHART_HEIGHT + 6;
    case 'shares':
      return block.rows.length * (BAR_HEIGHT + 3) + 4;
    case 'moments':
      return MOMENT_HEIGHT;
    case 'table':
      return 46;
    case 'signature':
      return SIGNATURE_HEIGHT;
    default:
      return 15;
  }
}

/**
 * @param kept what has to fit on the page together with the beginning of the block.
 * @param tail what has to fit there below all of it: nobody signs an empty page.
 */
export function drawBlock(flow: PdfFlow, block: Block, kept: number, tail: number): void {
  switch (block.kind) {
    case 'heading':
      heading(flow, block.text, kept);
      break;
    case 'subheading':
      subheading(flow, block.text, kept);
      break;
    case 'text':
      paragraph(flow, block.text);
      break;
    case 'warning':
      warning(flow, block.text);
      break;
    case 'facts':
      facts(flow, block.facts);
      break;
    case 'details':
      details(flow, block.rows);
      break;
    case 'legend':
      legend(flow, block.entries);
      break;
    case 'chart':
      chart(flow, block.chart);
      break;
    case 'shares':
      shares(flow, block.rows);
      break;
    case 'table':
      drawTable(flow, block.columns, block.rows);
      break;
    case 'list':
      if (block.isDense) denseList(flow, block.items);
      else list(flow, block.items, tail);
      break;
    case 'moments':
      drawMoments(flow, block.moments);
      break;
    case 'signature':
      signature(flow, block.fields);
  }
}

function heading(flow: PdfFlow, text: string, kept: number): void {
  need(flow, kept);
  flow.y += 12;
  flow.doc.outline.addItem(text);
  writeAt(flow, text, { x: flow.left, y: flow.y, width: flow.width }, { size: 13.5, isBold: true });
  flow.y += 19;
  flow.doc.rect(flow.left, flow.y, flow.width, 1).fill(RULE);
  flow.y += 5;
}

function subheading(flow: PdfFlow, text: string, kept: number): void {
  need(flow, kept);
  flow.y += 5;
  writeAt(flow, text, { x: flow.left, y: flow.y, width: flow.width }, { size: 10, isBold: true });
  flow.y += 15;
}

function chart(flow: PdfFlow, options: ChartOptions): void {
  const drawing = layOutChart(options, { width: flow.width, height: CHART_HEIGHT, fontSize: 7 });
  if (drawing) {
    need(flow, CHART_HEIGHT);
    drawChart(flow, drawing);
  } else paragraph(flow, 'There are no samples.');
}

function paragraph(flow: PdfFlow, text: string): void {
  const height = heightOf(flow, text, flow.width);
  need(flow, height);
  writeAt(flow, text, { x: flow.left, y: flow.y, width: flow.width });
  flow.y += height + 4;
}

function warning(flow: PdfFlow, text: string): void {
  const width = flow.width - 20;
  const height = heightOf(flow, text, width) + 8;
  need(flow, height + 5);
  flow.doc.rect(flow.left, flow.y, flow.width, height).fill('#fff4dc');
  flow.doc.rect(flow.left, flow.y, 3, height).fill('#f2a33a');
  writeAt(flow, text, { x: flow.left + 10, y: flow.y + 4, width });
  flow.y += height + 5;
}

function facts(flow: PdfFlow, list: Extract<Block, { kind: 'facts' }>['facts']): void {
  const [columns, gap] = [3, 9];
  const width = (flow.width - gap * (columns - 1)) / columns;
  for (let start = 0; start < list.length; start += columns) {
    need(flow, FACT_HEIGHT);
    for (const [at, { name, value, note = '', color = '#c9ced8' }] of list
      .slice(start, start + columns)
      .entries()) {
      const x = flow.left + at * (width + gap);
      flow.doc.rect(x, flow.y, width, FACT_HEIGHT).fill(PAPER);
      flow.doc.rect(x, flow.y, 4, FACT_HEIGHT).fill(color);
      writeLine(flow, name, { x: x + 12, y: flow.y + 3, width: width - 16 }, { size: 8, color: QUIET });
      const big = { size: 16, isBold: true };
      const after = x + 12 + widthOf(flow, value, big) + 7;
      writeLine(flow, value, { x: x + 12, y: flow.y + 16, width: width - 16 }, big);
      writeLine(
        flow,
        note,
        { x: after, y: flow.y + 24, width: x + width - after - 3 },
        { size: 8, color: QUIET },
      );
    }
    flow.y += FACT_HEIGHT + gap;
  }
}

/** In two columns, down the left one first. */
function details(flow: PdfFlow, rows: Extract<Block, { kind: 'details' }>['rows']): void {
  const [named, size, gap] = [66, 9.5, 14];
  const half = Math.ceil(rows.length / 2);
  const column = (flow.width - gap) / 2;
  const height = ([name, value]: (typeof rows)[number]) =>
    Math.max(heightOf(flow, value, column - named, { size }), heightOf(flow, name, named - 8, { size }));
  for (let at = 0; at < half; at += 1) {
    const pair = [rows[at], rows[half + at]].filter((row) => row !== undefined);
    const tallest = Math.max(...pair.map(height));
    need(flow, tallest);
    for (const [side, [name, value]] of pair.entries()) {
      const x = flow.left + side * (column + gap);
      writeAt(flow, name, { x, y: flow.y, width: named - 8 }, { size, color: QUIET });
      writeAt(flow, value, { x: x + named, y: flow.y, width: column - named }, { size });
    }
    flow.y += tallest + 2;
  }
  if (rows.length > 0) flow.y += 8;
}

function legend(flow: PdfFlow, entries: Extract<Block, { kind: 'legend' }>['entries']): void {
  const style = { size: 8, color: QUIET };
  let x = flow.left;
  need(flow, 13);
  for (const { color, label } of entries) {
    const width = widthOf(flow, label, style) + 13;
    if (x + width > flow.left + flow.width) {
      x = flow.left;
      flow.y += 12;
    }
    flow.doc.roundedRect(x, flow.y + 2, 7, 7, 1).fill(color);
    writeAt(flow, label, { x: x + 10, y: flow.y, width: width + 10 }, style);
    x += width + 11;
  }
  flow.y += 14;
}

function shares(flow: PdfFlow, rows: Extract<Block, { kind: 'shares' }>['rows']): void {
  const named = 62;
  for (const { name, shares: parts } of rows) {
    need(flow, BAR_HEIGHT + 3);
    const [from, width] = [flow.left + named, flow.width - named];
    writeAt(flow, name, { x: flow.left, y: flow.y + 1.5, width: named }, { size: 8.5, color: QUIET });
    flow.doc.rect(from, flow.y, width, BAR_HEIGHT).fill('#e3e6eb');
    let x = from;
    for (const { share, color } of parts) {
      const own = share * width;
      flow.doc.rect(x, flow.y, own, BAR_HEIGHT).fill(color);
      const text = `${Math.round(share * 100)} %`;
      const style = { size: 8, isBold: true, color: textOn(color), align: 'center' as const };
      if (share >= 0.06) writeAt(flow, text, { x, y: flow.y + 2, width: own }, style);
      x += own;
    }
    flow.y += BAR_HEIGHT + 3;
  }
  flow.y += 4;
}

function list(flow: PdfFlow, items: readonly string[], tail: number): void {
  const heights = items.map((item) => heightOf(flow, item, flow.width - 12));
  if (tail > 0)
    need(
      flow,
      heights.reduce((sum, height) => sum + height + 1, tail + 3),
    );
  for (const [at, item] of items.entries()) {
    const { [at]: height = 0 } = heights;
    need(flow, height);
    bullet(flow, item, flow.left, flow.width);
    flow.y += height + 1;
  }
  flow.y += 3;
}

function bullet(flow: PdfFlow, text: string, x: number, width: number): void {
  flow.doc.circle(x + 4, flow.y + 6.6, 1.3).fill(QUIET);
  writeAt(flow, text, { x: x + 12, y: flow.y, width: width - 12 });
}

/** Short items in two columns, down the left one first. */
function denseList(flow: PdfFlow, items: readonly string[]): void {
  const half = Math.ceil(items.length / 2);
  const width = flow.width / 2;
  for (const [at, item] of items.slice(0, half).entries()) {
    const other = items[half + at];
    const heights = [item, other ?? ''].map((text) => heightOf(flow, text, width - 20));
    need(flow, Math.max(...heights));
    bullet(flow, item, flow.left, width - 8);
    if (other !== undefined) bullet(flow, other, flow.left + width, width - 8);
    flow.y += Math.max(...heights) + 1;
  }
  flow.y += 3;
}

function signature(flow: PdfFlow, fields: readonly string[]): void {
  need(flow, SIGNATURE_HEIGHT);
  flow.y += SIGNATURE_HEIGHT - 20;
  const gap = 18;
  const width = (flow.width - gap * (fields.length - 1)) / fields.length;
  for (const [at, field] of fields.entries()) {
    const x = flow.left + at * (width + gap);
    flow.doc.rect(x, flow.y, width, 0.7).fill(QUIET);
    writeAt(flow, field, { x, y: flow.y + 3, width }, { size: 8, color: QUIET });
  }
  flow.y += 20;
}
