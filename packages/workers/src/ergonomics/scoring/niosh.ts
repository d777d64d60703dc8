import { LIFT_COUPLINGS, LIFT_DURATIONS, type LiftDuration } from '@spillway/protocol/ergonomics';
import { z } from 'zod';
import { COUPLING_MULTIPLIERS, FREQUENCY_ROWS } from './tables/niosh.ts';

/**
 * The revised NIOSH lifting equation: recommended weight limit RWL = LC · HM · VM · DM · AM · FM · CM and lifting index
 * LI = load / RWL, in centimetres and kilograms or in inches and pounds. A distance beyond its limit makes its
 * multiplier, and with it RWL, 0: such a lift is not recommended with any load.
 */
const length = z.number({ error: 'expected a number of at least 0' }).min(0, 'expected at least 0');
const weight = z.number({ error: 'expected a number above 0' }).positive('expected a number above 0');
const choice = <T extends readonly string[]>(values: T) =>
  z.enum(values, { error: `expected ${values.map((value) => `"${value}"`).join(', ')}` });

const lift = {
  /** Angle of asymmetry: how far the load lies beside the middle of the body. */
  A_deg: length.max(180, 'expected at most 180').default(0),
  lifts_per_min: length.optional(),
  duration: choice(LIFT_DURATIONS).optional(),
  /** Given, it stands in the place of `lifts_per_min` and `duration`. */
  FM: z
    .number({ error: 'expected a number from 0 to 1' })
    .min(0, 'expected a number from 0 to 1')
    .max(1, 'expected a number from 0 to 1')
    .optional(),
  coupling: choice(LIFT_COUPLINGS).default('good'),
};
const metric = z.strictObject({
  H_cm: length,
  V_cm: length,
  D_cm: length,
  load_kg: weight.optional(),
  ...lift,
});
const imperial = z.strictObject({
  H_in: length,
  V_in: length,
  D_in: length,
  load_lb: weight.optional(),
  ...lift,
});

export type NioshInput = z.infer<typeof metric> | z.infer<typeof imperial>;

const isImperial = (value: unknown) =>
  typeof value === 'object' && value !== null && Object.keys(value).some((key) => /_(in|lb)$/.test(key));

/** Both systems have one form; which it is its fields tell, so that an error names the field that was meant. */
export const nioshInputSchema = z.unknown().transform((value, context): NioshInput => {
  const parsed = (isImperial(value) ? imperial : metric).safeParse(value ?? {});
  if (!parsed.success) {
    for (const issue of parsed.error.issues)
      context.addIssue({ code: 'custom', message: issue.message, path: issue.path });
    return z.NEVER;
  }
  const { FM, lifts_per_min: frequency, duration } = parsed.data;
  const wanting: [string, string][] = [
    ...(frequency === undefined
      ? [['lifts_per_min', 'expected lifts a minute, or FM'] as [string, string]]
      : []),
    ...(duration === undefined
      ? [['duration', `expected "${LIFT_DURATIONS.join('", "')}", or FM`] as [string, string]]
      : []),
  ];
  if (FM === undefined && wanting.length > 0) {
    for (const [field, message] of wanting) context.addIssue({ code: 'custom', message, path: [field] });
    return z.NEVER;
  }
  return parsed.data;
});

interface System {
  readonly loadConstant: number;
  readonly horizontal: number;
  readonly mostHorizontal: number;
  /** Height at which lifting is easiest, how much each unit away from it costs, and the highest reach. */
  readonly knuckle: number;
  readonly perHeight: number;
  readonly highest: number;
  readonly travel: number;
  readonly leastTravel: number;
  readonly mostTravel: number;
}
const METRIC: System = {
  ...{ loadConstant: 23, horizontal: 25, mostHorizontal: 63, knuckle: 75, perHeight: 0.003, highest: 175 },
  ...{ travel: 4.5, leastTravel: 25, mostTravel: 175 },
};
const IMPERIAL: System = {
  ...{ loadConstant: 51, horizontal: 10, mostHorizontal: 25, knuckle: 30, perHeight: 0.0075, highest: 70 },
  ...{ travel: 1.8, leastTravel: 10, mostTravel: 70 },
};

export interface NioshScore {
  readonly HM: number;
  readonly VM: number;
  readonly DM: number;
  readonly AM: number;
  readonly FM: number;
  readonly CM: number;
  /** Kilograms; of a lift in inches and pounds there is `RWL_lb` instead. */
  readonly RWL?: number;
  readonly RWL_lb?: number;
  /** Only with a load, and null where no load at all is recommended. */
  readonly LI?: number | null;
  /** By LI: low up to 1, increased up to 3, high above. */
  readonly risk?: 'low' | 'increased' | 'high';
}

/** Figures are rounded to five decimals, pounds to three; LI and risk are of the unrounded limit. */
export function scoreNiosh(
  input: NioshInput,
  { niosh_frequency }: { readonly niosh_frequency: 'interpolate' | 'row_below' } = {
    niosh_frequency: 'interpolate',
  },
): NioshScore {
  const inPounds = 'H_in' in input;
  const system = inPounds ? IMPERIAL : METRIC;
  const [h, v, d] = inPounds ? [input.H_in, input.V_in, input.D_in] : [input.H_cm, input.V_cm, input.D_cm];
  const load = inPounds ? input.load_lb : input.load_kg;
  const column = v < system.knuckle ? 0 : 1;
  const { lifts_per_min: frequency = 0, duration = '<=1h' } = input;
  const multipliers = {
    HM: h > system.mostHorizontal ? 0 : Math.min(1, system.horizontal / Math.max(h, system.horizontal)),
    VM: v > system.highest ? 0 : 1 - system.perHeight * Math.abs(v - system.knuckle),
    DM: d > system.mostTravel ? 0 : Math.min(1, 0.82 + system.travel / Math.max(d, system.leastTravel)),
    AM: input.A_deg > 135 ? 0 : 1 - 0.0032 * input.A_deg,
    FM: input.FM ?? frequencyMultiplier(frequency, duration, column, niosh_frequency),
    CM: COUPLING_MULTIPLIERS[input.coupling][column],
  };
  const limit = Object.values(multipliers).reduce((product, one) => product * one, system.loadConstant);
  const { HM, VM, DM, AM, FM, CM } = multipliers;
  return {
    ...{ HM: round(HM), VM: round(VM), DM: round(DM), AM: round(AM), FM: round(FM), CM: round(CM) },
    ...(inPounds ? { RWL_lb: Math.round(limit * 1e3) / 1e3 } : { RWL: round(limit) }),
    ...(load === undefined ? {} : indexOf(load, limit)),
  };
}

function indexOf(load: number, limit: number): Pick<NioshScore, 'LI' | 'risk'> {
  if (limit <= 0) return { LI: null, risk: 'high' };
  const index = load / limit;
  return { LI: round(index), risk: index <= 1 ? 'low' : index <= 3 ? 'increased' : 'high' };
}

function frequencyMultiplier(
  perMinute: number,
  duration: LiftDuration,
  column: 0 | 1,
  between: 'interpolate' | 'row_below',
): number {
  const points = FREQUENCY_ROWS.map(([at, ...pairs]) => ({
    at,
    value: pairs[LIFT_DURATIONS.indexOf(duration)]?.[column] ?? 0,
  }));
  const after = points.findIndex(({ at }) => at > perMinute);
  if (after === 0) return points[0]?.value ?? 0;
  const below = points.at(after - 1);
  const above = points[after];
  if (below === undefined) return 0;
  // Beyond the last row only that row itself counts.
  if (above === undefined) return perMinute > below.at ? 0 : below.value;
  if (between === 'row_below') return below.value;
  return below.value + ((above.value - below.value) * (perMinute - below.at)) / (above.at - below.at);
}

const round = (value: number) => Math.round(value * 1e5) / 1e5;
