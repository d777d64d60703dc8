import { heightOf, need, PAPER, type PdfFlow, QUIET, widthOf, writeAt, writeLine } from './pdf-flow.ts';
import type { EmbeddedPicture, MomentBlock } from './report-blocks.ts';
import { textOn } from './risk-levels.ts';

/** Worst moments two by two, each with its picture, if there is one, and what it was scored for. */
export const MOMENT_HEIGHT = 150;
const PICTURE_WIDTH = 112;
const [COLUMNS, GAP] = [2, 13];

export function drawMoments(flow: PdfFlow, moments: readonly MomentBlock[]): void {
  const width = (flow.width - GAP * (COLUMNS - 1)) / COLUMNS;
  const isPlain = moments.every(({ picture }) => picture === undefined);
  for (let start = 0; start < moments.length; start += COLUMNS) {
    const pair = moments.slice(start, start + COLUMNS);
    const heights = pair.map((moment) =>
      textHeight(flow, moment, isPlain ? width : width - PICTURE_WIDTH - 10),
    );
    const height = Math.max(isPlain ? 0 : MOMENT_HEIGHT - 8, ...heights);
    need(flow, height);
    for (const [at, moment] of pair.entries()) {
      const x = flow.left + at * (width + GAP);
      if (isPlain) drawText(flow, moment, x, width);
      else {
        drawPicture(flow, moment.picture, { x, width: PICTURE_WIDTH, height: MOMENT_HEIGHT - 8 });
        drawText(flow, moment, x + PICTURE_WIDTH + 10, width - PICTURE_WIDTH - 10);
      }
    }
    flow.y += height + 10;
  }
}

function drawPicture(
  { doc, y }: PdfFlow,
  picture: EmbeddedPicture | undefined,
  box: { readonly x: number; readonly width: number; readonly height: number },
): void {
  doc.rect(box.x, y, box.width, box.height).fill(PAPER);
  if (!picture) return;
  const fit: [number, number] = [box.width, box.height];
  doc.image(Buffer.from(picture.jpeg), box.x, y, { fit, align: 'center', valign: 'center' });
}

const LINE = { size: 8 };
const TIME = { size: 9.5, isBold: true };

function drawText(flow: PdfFlow, { rank, time, scores, lines }: MomentBlock, x: number, width: number): void {
  let y = flow.y;
  writeLine(flow, `${rank}.  ${time}`, { x, y, width }, TIME);
  y += 17;
  for (const { name, value, level, color } of scores) {
    const text = `${name} ${value}`;
    const style = { size: 8.5, isBold: true, color: textOn(color) };
    const wide = widthOf(flow, text, style) + 10;
    flow.doc.roundedRect(x, y, wide, 13, 2).fill(color);
    writeAt(flow, text, { x: x + 5, y: y + 0.5, width: wide }, style);
    writeLine(flow, level, { x: x + wide + 5, y: y + 1, width: width - wide - 5 }, { ...LINE, color: QUIET });
    y += 16;
  }
  y += 2;
  for (const line of lines) {
    writeAt(flow, line, { x, y, width }, LINE);
    y += heightOf(flow, line, width, LINE) + 2;
  }
}

const textHeight = (flow: PdfFlow, { scores, lines }: MomentBlock, width: number): number =>
  17 + scores.length * 16 + 2 + lines.reduce((sum, line) => sum + heightOf(flow, line, width, LINE) + 2, 0);
