import type { Canvas } from './canvas.ts';
import { type Placement, type Posture, placeFigure } from './figure.ts';
import { type Clothes, drawPerson } from './person.ts';
import { type PersonTruth, readTruth } from './truth.ts';

export interface PlacedPerson {
  readonly id: number;
  readonly posture: Posture;
  readonly place: Placement;
  readonly clothes: Clothes;
}

/** Draws people onto a canvas that shows nobody yet; who stands lower in the picture is nearer and hides the others. */
export function drawPeople(canvas: Canvas, people: readonly PlacedPerson[]): PersonTruth[] {
  canvas.people.fill(0);
  canvas.markers.fill(0);
  const ordered = people.toSorted((a, b) => a.place.groundY - b.place.groundY);
  const placed = ordered.map((person) => ({ ...person, figure: placeFigure(person.posture, person.place) }));
  const drawnPixels = placed.map(({ figure, clothes }, index) => {
    drawPerson(canvas, figure, clothes, index + 1);
    return canvas.people.reduce((count, person) => count + (person === index + 1 ? 1 : 0), 0);
  });
  return readTruth(canvas, placed, drawnPixels).sort((a, b) => a.id - b.id);
}
