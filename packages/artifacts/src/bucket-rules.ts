import type { ArtifactPrefix } from './artifact-key.ts';

/**
 * The rules that a bucket wants: its lifecycle (what a gateway that is no more left behind) and CORS (pages that upload
 * straight to it). Ours are known by their ids; whatever else is there belongs to others and stays.
 */
export interface BucketNeeds {
  readonly retentionMs: Readonly<Record<ArtifactPrefix, number>>;
  /** Of pages that send to the bucket, and read from it. */
  readonly origins: readonly string[];
}

export interface LifecycleRule {
  readonly ID?: string | undefined;
  readonly Status: 'Enabled' | 'Disabled' | undefined;
  readonly Filter?: { readonly Prefix?: string | undefined } | undefined;
  readonly Prefix?: string | undefined;
  readonly Expiration?: { readonly Days?: number | undefined } | undefined;
  readonly AbortIncompleteMultipartUpload?: { readonly DaysAfterInitiation?: number | undefined } | undefined;
}

export interface CorsRule {
  readonly ID?: string | undefined;
  readonly AllowedOrigins: readonly string[] | undefined;
  readonly AllowedMethods: readonly string[] | undefined;
  readonly AllowedHeaders?: readonly string[] | undefined;
  readonly ExposeHeaders?: readonly string[] | undefined;
  readonly MaxAgeSeconds?: number | undefined;
}

/** What is to be written, and in words what that changes; no changes: it is so already. */
export interface RulePlan<Rule> {
  readonly rules: readonly Rule[];
  readonly changes: readonly string[];
}

const OURS = 'spillway-';
const CORS_ID = 'spillway';
const DAY_MS = 86_400_000;
/** A bucket may count an upload's age from its beginning, and uploads take up to a week. */
const GRACE_DAYS = 7;
const UNFINISHED_DAYS = 7;

export function planLifecycle(
  current: readonly LifecycleRule[],
  { retentionMs }: BucketNeeds,
): RulePlan<LifecycleRule> {
  const wanted: LifecycleRule[] = Object.entries(retentionMs).map(([prefix, ms]) => ({
    ...{ ID: `${OURS}${prefix}`, Status: 'Enabled', Filter: { Prefix: `${prefix}/` } },
    Expiration: { Days: Math.ceil(ms / DAY_MS) + GRACE_DAYS },
  }));
  wanted.push({
    ...{ ID: `${OURS}unfinished`, Status: 'Enabled', Filter: { Prefix: '' } },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: UNFINISHED_DAYS },
  });
  return planOf(current, wanted, {
    isOurs: ({ ID }) => ID?.startsWith(OURS) === true,
    idOf: ({ ID }) => ID ?? '',
    isSame: (a, b) => describeLifecycle(a) === describeLifecycle(b),
    describe: describeLifecycle,
  });
}

function describeLifecycle({ Status, Filter, Prefix, ...rule }: LifecycleRule): string {
  const prefix = Filter?.Prefix ?? Prefix ?? '';
  const what = prefix === '' ? 'everything' : prefix;
  const { Expiration, AbortIncompleteMultipartUpload: abort } = rule;
  const acts = [
    ...(Expiration?.Days === undefined ? [] : [`delete ${what} after ${Expiration.Days} days`]),
    ...(abort?.DaysAfterInitiation === undefined
      ? []
      : [`abort unfinished uploads of ${what} after ${abort.DaysAfterInitiation} days`]),
  ];
  return `${acts.join(', ') || 'do something else'}${Status === 'Enabled' ? '' : ' (switched off)'}`;
}

export function planCors(current: readonly CorsRule[], { origins }: BucketNeeds): RulePlan<CorsRule> {
  const wanted: CorsRule = {
    ID: CORS_ID,
    AllowedOrigins: [...new Set(origins)],
    AllowedMethods: ['GET', 'HEAD', 'PUT'],
    // Written out, since R2 does not take `*` for all.
    AllowedHeaders: ['content-type', 'if-none-match', 'range'],
    ExposeHeaders: ['ETag', 'Content-Length', 'Content-Range', 'Accept-Ranges'],
    MaxAgeSeconds: 3600,
  };
  return planOf(current, origins.length === 0 ? [] : [wanted], {
    // Where a bucket keeps no ids, ours is known by what it says.
    isOurs: (rule) => rule.ID === CORS_ID || (rule.ID === undefined && hasOurHeaders(rule)),
    idOf: () => CORS_ID,
    isSame: (a, b) => keyOf(a) === keyOf(b),
    describe: ({ AllowedOrigins = [], AllowedMethods = [] }) =>
      `${AllowedMethods.toSorted().join(', ')} from ${AllowedOrigins.toSorted().join(', ')}`,
  });
}

const hasOurHeaders = ({ AllowedHeaders = [] }: CorsRule) =>
  AllowedHeaders.map((name) => name.toLowerCase()).includes('if-none-match');

const keyOf = ({ AllowedOrigins, AllowedMethods, AllowedHeaders, ExposeHeaders, MaxAgeSeconds }: CorsRule) =>
  JSON.stringify([
    ...[AllowedOrigins, AllowedMethods, AllowedHeaders, ExposeHeaders].map((names = []) =>
      names.map((name) => name.toLowerCase()).toSorted(),
    ),
    MaxAgeSeconds,
  ]);

interface RuleKind<Rule> {
  isOurs(rule: Rule): boolean;
  idOf(rule: Rule): string;
  isSame(a: Rule, b: Rule): boolean;
  describe(rule: Rule): string;
}

/** Those of others first, as they are. */
function planOf<Rule>(
  current: readonly Rule[],
  wanted: readonly Rule[],
  { isOurs, idOf, isSame, describe }: RuleKind<Rule>,
): RulePlan<Rule> {
  const ours = current.filter(isOurs);
  const changes: string[] = [];
  for (const rule of wanted) {
    const before = ours.find((one) => idOf(one) === idOf(rule));
    if (!before) changes.push(`add ${idOf(rule)}: ${describe(rule)}`);
    else if (!isSame(before, rule))
      changes.push(`change ${idOf(rule)}: ${describe(rule)} (was: ${describe(before)})`);
  }
  for (const rule of ours)
    if (!wanted.some((one) => idOf(one) === idOf(rule)))
      changes.push(`remove ${idOf(rule)}: ${describe(rule)}`);
  return { rules: [...current.filter((rule) => !isOurs(rule)), ...wanted], changes };
}
