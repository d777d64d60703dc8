import { buffer } from 'node:stream/consumers';
import { drawBlock, leastHeight } from './pdf-blocks.ts';
import { createPdfFlow, heightOf, numberPages, QUIET, writeAt } from './pdf-flow.ts';
import type { Report } from './report-blocks.ts';

/**
 * A report as a PDF: A4, charts as vectors, fonts within it. The same report always makes the same bytes. Titles may be in
 * Latin, Greek or Cyrillic letters; others show as question marks.
 */
export async function writePdf({ title, blocks }: Report): Promise<Buffer> {
  const flow = await createPdfFlow(title);
  const bytes = buffer(flow.doc);
  const big = { size: 21, isBold: true };
  writeAt(flow, title, { x: flow.left, y: flow.y, width: flow.width }, big);
  flow.y += heightOf(flow, title, flow.width, big) + 1;
  const line = 'Working postures over time: RULA, REBA, OWAS';
  writeAt(flow, line, { x: flow.left, y: flow.y, width: flow.width }, { size: 10, color: QUIET });
  flow.y += 24;
  for (const [at, block] of blocks.entries()) {
    const next = blocks[at + 1];
    const tail = next?.kind === 'signature' ? leastHeight(next) : 0;
    drawBlock(flow, block, keptHeight(blocks, at), tail);
  }
  numberPages(flow, title);
  flow.doc.end();
  return await bytes;
}

/** A heading, what explains a chart, and the chart itself belong on one page. */
function keptHeight(blocks: Report['blocks'], at: number): number {
  let height = 0;
  for (const block of blocks.slice(at)) {
    height += leastHeight(block);
    const isLeading = ['heading', 'subheading', 'legend', 'text'].includes(block.kind);
    if (!isLeading) break;
  }
  return height;
}
