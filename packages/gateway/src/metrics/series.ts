import type { Counter, Histogram, Registry } from 'prom-client';

/**
 * Counters and histograms of what happens thousands of times a second. The library finds a series anew for each count,
 * by sorting and joining its labels; here who counts holds the series itself, and only when `/metrics` is asked for is
 * it written down in the library's terms.
 */
export class CountSeries {
  value = 0;

  add(): void {
    this.value += 1;
  }
}

export class DurationSeries {
  readonly bounds: readonly number[];
  /** How many lie above the bound before and at or below this one; the last: above all. */
  readonly counts: number[];
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(seconds: number): void {
    const { bounds } = this;
    let at = 0;
    while (at < bounds.length && seconds > (bounds[at] as number)) at += 1;
    this.counts[at] = (this.counts[at] as number) + 1;
    this.sum += seconds;
    this.count += 1;
  }
}

export interface FamilyOptions<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly L[];
  readonly registry: Registry;
}

/** One line of the answer. */
interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** Gives the series of these label values, in the order of the labels; the first time, at zero. */
type SeriesOf<S> = (...values: string[]) => S;

export function countFamily(options: FamilyOptions<string>): SeriesOf<CountSeries> {
  const { name } = options;
  return createFamily(options, {
    type: 'counter',
    make: () => new CountSeries(),
    samples: (labels, { value }) => [{ metricName: name, labels, value }],
  });
}

/** `bounds`: of the buckets, in seconds and ascending. */
export function durationFamily(
  options: FamilyOptions<string> & { readonly bounds: readonly number[] },
): SeriesOf<DurationSeries> {
  const { name, bounds } = options;
  return createFamily(options, {
    type: 'histogram',
    make: () => new DurationSeries(bounds),
    samples: (labels, { counts, sum, count }) => {
      let below = 0;
      const buckets = [...bounds, '+Inf'].map((le, at): Sample => {
        below += counts[at] ?? 0;
        return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: below };
      });
      return [
        ...buckets,
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: count },
      ];
    },
  });
}

interface Kind<S> {
  readonly type: 'counter' | 'histogram';
  readonly make: () => S;
  readonly samples: (labels: Readonly<Record<string, string>>, series: S) => readonly Sample[];
}

function createFamily<S>(
  { name, help, labels, registry }: FamilyOptions<string>,
  kind: Kind<S>,
): SeriesOf<S> {
  const made = new Map<string, { readonly labels: Readonly<Record<string, string>>; readonly series: S }>();
  const { type, make, samples } = kind;
  const family = {
    name,
    help,
    type,
    aggregator: 'sum',
    get: async () => ({
      ...{ name, help, type, aggregator: 'sum' },
      values: [...made.values()].flatMap((one) => samples(one.labels, one.series)),
    }),
  };
  // The registry asks a metric for its name and for `get()`, whoever made it; its types know the library's own only.
  registry.registerMetric(family as unknown as Counter | Histogram);
  return (...values) => {
    const key = values.join('\n');
    const known = made.get(key);
    if (known) return known.series;
    const series = make();
    made.set(key, {
      labels: Object.fromEntries(labels.map((label, at) => [label, values[at] ?? ''])),
      series,
    });
    return series;
  };
}
