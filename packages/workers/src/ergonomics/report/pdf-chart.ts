import type { ChartDrawing } from './chart-geometry.ts';
import { INK, type PdfFlow, QUIET, widthOf, writeAt } from './pdf-flow.ts';

/** A chart at the cursor, as vectors. */
export function drawChart(flow: PdfFlow, drawing: ChartDrawing): void {
  const { doc } = flow;
  const { areas, grid, ticks, texts, paths, marks, fontSize } = drawing;
  doc.save();
  doc.translate(flow.left, flow.y);
  for (const { x, y, width, height, color, opacity } of areas)
    doc.fillOpacity(opacity).rect(x, y, width, height).fill(color);
  doc.fillOpacity(1);
  for (const { x1, x2, y } of grid) doc.moveTo(x1, y).lineTo(x2, y).lineWidth(0.3).stroke('#aeb5c2');
  for (const { x, y1, y2 } of ticks) doc.moveTo(x, y1).lineTo(x, y2).lineWidth(0.5).stroke('#aeb5c2');
  for (const { d, color, width } of paths) {
    if (d !== '')
      doc
        .path(d)
        .lineJoin('round')
        .lineWidth(width * 0.75)
        .stroke(color);
  }
  const style = { size: fontSize, color: QUIET };
  for (const { x, y, anchor, text } of texts) {
    const width = widthOf(flow, text, style);
    const shift = anchor === 'start' ? 0 : anchor === 'end' ? width : width / 2;
    // The library places the top of a line, which lies an ascent above its baseline.
    writeAt(flow, text, { x: x - shift, y: y - ASCENT * fontSize, width: width + 5 }, style);
  }
  for (const { x, y, r, text } of marks) {
    doc.circle(x, y, r).fill(INK);
    const size = fontSize * 0.8;
    const at = { x: x - 10, y: y + size * 0.36 - ASCENT * size, width: 20 };
    writeAt(flow, text, at, { size, isBold: true, color: '#ffffff', align: 'center' });
  }
  doc.restore();
  flow.y += drawing.height + 4;
}

/** Of the fonts, in ems. */
const ASCENT = 1.069;
