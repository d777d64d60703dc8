import { heightOf, need, type PdfFlow, QUIET, RULE, writeAt } from './pdf-flow.ts';
import type { TableColumn } from './report-blocks.ts';

/** A table with its head again on every page that it goes on to. */
export function drawTable(
  flow: PdfFlow,
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
): void {
  const all = columns.reduce((sum, { weight }) => sum + weight, 0);
  const widths = columns.map(({ weight }) => (weight / all) * (flow.width + PADDING));
  const style = { size: 8.5 };
  const heightsOf = (cells: readonly string[], isBold: boolean) =>
    Math.max(
      ...cells.map((cell, at) => heightOf(flow, cell, (widths[at] ?? 0) - PADDING, { ...style, isBold })),
    );
  const drawRow = (cells: readonly string[], isHead: boolean) => {
    const height = heightsOf(cells, isHead) + 3;
    let x = flow.left;
    for (const [at, cell] of cells.entries()) {
      const width = (widths[at] ?? 0) - PADDING;
      const align = columns[at]?.isNumber ? ('right' as const) : ('left' as const);
      const color = isHead ? { color: QUIET, isBold: true } : {};
      writeAt(flow, cell, { x, y: flow.y + 1, width }, { ...style, align, ...color });
      x += widths[at] ?? 0;
    }
    flow.y += height;
    flow.doc.rect(flow.left, flow.y - 0.5, flow.width, isHead ? 0.8 : 0.4).fill(RULE);
  };
  const head = columns.map(({ title }) => title);
  need(flow, heightsOf(head, true) + 34);
  drawRow(head, true);
  for (const cells of rows) {
    if (need(flow, heightsOf(cells, false) + 3)) drawRow(head, true);
    drawRow(cells, false);
  }
  flow.y += 6;
}

/** Between columns. */
const PADDING = 8;
