import { type SeenBox, type SeenMoment, VideoRefusal } from './people-source.ts';
import type { ProcessSettings } from './video-input.ts';

/** Whose posture is scored: the number of one of those who were seen. @throws VideoRefusal when nobody fits. */
export function choosePerson(moments: readonly SeenMoment[], choice: ProcessSettings['person']): number {
  const sizes = new Map<number, { samples: number; area: number }>();
  for (const { people } of moments)
    for (const { id, box } of people) {
      const known = sizes.get(id) ?? { samples: 0, area: 0 };
      sizes.set(id, { samples: known.samples + 1, area: known.area + areaOf(box) });
    }
  if (sizes.size === 0)
    throw new VideoRefusal('Nobody was found in the video, so there is no posture to score.');
  if (typeof choice === 'object') return 'track' in choice ? numbered(choice.track, sizes) : standing(moments, choice);
  const rank = choice === 'largest' ? 'area' : 'samples';
  const [best] = [...sizes].toSorted(([a, one], [b, other]) => other[rank] - one[rank] || a - b);
  return best?.[0] ?? 0;
}

const areaOf = (box: SeenBox) => (box.x_max - box.x_min) * (box.y_max - box.y_min);

function numbered(id: number, sizes: ReadonlyMap<number, unknown>): number {
  if (sizes.has(id)) return id;
  const known = [...sizes.keys()].toSorted((a, b) => a - b).join(', ');
  throw new VideoRefusal(`There is no person ${id} in the video. There are: ${known}.`);
}

/** Whoever is at a place at a time; the smallest box around it, since the larger one is of somebody in front. */
function standing(moments: readonly SeenMoment[], { at: [x, y], t }: { at: readonly [number, number]; t: number }): number {
  const distance = ({ timeMs }: SeenMoment) => Math.abs(timeMs - t * 1000);
  const seen = moments.filter(({ people }) => people.length > 0);
  const nearest = seen.reduce((best, one) => (distance(one) < distance(best) ? one : best), seen[0] as SeenMoment);
  const there = nearest.people
    .filter(({ box }) => x >= box.x_min && x <= box.x_max && y >= box.y_min && y <= box.y_max)
    .toSorted((a, b) => areaOf(a.box) - areaOf(b.box));
  const [found] = distance(nearest) <= 2000 ? there : [];
  if (found) return found.id;
  throw new VideoRefusal(`Nobody stands at ${x}, ${y} at ${t} s.`);
}
