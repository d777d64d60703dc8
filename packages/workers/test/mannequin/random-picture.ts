import { drawRoom, paleColour } from './background.ts';
import { type Light, takePicture } from './camera.ts';
import { type Canvas, createCanvas } from './canvas.ts';
import { drawPeople, type PlacedPerson } from './draw-people.ts';
import type { Placement, Posture } from './figure.ts';
import type { Clothes } from './person.ts';
import { type Chance, createChance } from './random.ts';
import type { PersonTruth } from './truth.ts';

/** Single pictures of any number of people at any size, in any posture: what the demo detector learns from. */
export interface RandomPicture {
  readonly canvas: Canvas;
  readonly people: readonly PersonTruth[];
}

const SIZES = [
  [480, 270],
  [640, 360],
  [480, 360],
  [270, 480],
] as const;

/** @param scale of the picture; 2 draws 720 lines where 1 draws 360. */
export function drawRandomPicture(seed: number, scale = 1): RandomPicture {
  const chance = createChance(seed);
  const [width, height] = SIZES[chance.below(SIZES.length)] ?? SIZES[0];
  const canvas = createCanvas(width * scale, height * scale);
  drawRoom(canvas, chance);
  const people = drawPeople(canvas, placePeople(canvas, chance));
  takePicture(canvas, randomLight(chance), chance);
  return { canvas, people };
}

function placePeople(canvas: Canvas, chance: Chance): PlacedPerson[] {
  const share = chance.next();
  const count = share < 0.12 ? 0 : share < 0.5 ? 1 : share < 0.88 ? 2 : 3;
  const people: PlacedPerson[] = [];
  for (let id = 1; id <= count; id++) {
    const before = people.at(-1)?.place;
    // Every other one stands close to the one before, so that they overlap.
    const place = before && chance.next() < 0.6 ? placeBeside(before, chance) : placeAnywhere(canvas, chance);
    people.push({ id, place, posture: randomPosture(chance), clothes: randomClothes(chance) });
  }
  return people;
}

function placeAnywhere({ widthPx, heightPx }: Canvas, chance: Chance): Placement {
  const size = heightPx * Math.exp(chance.between(Math.log(0.13), Math.log(1.15)));
  return {
    heightPx: size,
    x: chance.between(0.02, 0.98) * widthPx,
    groundY: chance.between(Math.min(heightPx, size * 0.9), heightPx + size * 0.2),
  };
}

function placeBeside({ x, groundY, heightPx }: Placement, chance: Chance): Placement {
  const size = heightPx * chance.between(0.8, 1.2);
  return {
    heightPx: size,
    x: x + chance.between(-0.5, 0.5) * size,
    groundY: groundY + chance.between(-0.08, 0.08) * size,
  };
}

export function randomPosture(chance: Chance): Posture {
  const facing = chance.next() < 0.5 ? 1 : -1;
  if (chance.next() < 0.7) {
    const trunk = chance.next() < 0.4 ? chance.between(-10, 15) : chance.between(0, 100);
    const knee = chance.next() < 0.5 ? chance.between(0, 15) : chance.between(0, 130);
    const stride = chance.next() < 0.4 ? chance.between(-28, 28) : 0;
    const limb = (sign: number) => ({
      upperArm: chance.next() < 0.5 ? chance.between(-25, 30) : chance.between(0, 170),
      elbow: chance.next() < 0.5 ? chance.between(0, 30) : chance.between(0, 130),
      ...{ knee: knee + Math.max(0, sign * stride), thigh: knee / 2 + sign * stride },
    });
    const neck = chance.between(-20, 40);
    return { view: 'side', facing, trunk, neck, left: limb(1), right: limb(-1) };
  }
  const knee = chance.next() < 0.6 ? chance.between(0, 10) : chance.between(0, 70);
  const limb = () => ({
    upperArm: chance.next() < 0.5 ? chance.between(5, 30) : chance.between(5, 165),
    elbow: chance.between(0, 110),
    knee,
  });
  const [trunk, neck] = [chance.between(-30, 30), chance.between(-20, 20)];
  return { view: 'front', facing, trunk, neck, left: limb(), right: limb() };
}

export function randomClothes(chance: Chance): Clothes {
  const level = chance.between(110, 205);
  return {
    skin: [level * 1.1, level * 0.93, level * 0.82],
    ...{ top: paleColour(chance, [80, 210]), legs: paleColour(chance, [70, 190]) },
    load: chance.next() < 0.2 ? [176, 146, 112] : undefined,
  };
}

export function randomLight(chance: Chance): Light {
  const tint = () => chance.between(0.95, 1.05);
  return {
    gain: chance.between(0.75, 1.15),
    tint: [tint(), tint(), tint()],
    slope: [chance.between(-0.25, 0.25), chance.between(-0.2, 0.2)],
    noise: chance.between(0, 7),
  };
}
