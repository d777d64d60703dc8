export { type BucketAdmin, createBucketAdmin } from './bucket-admin.ts';
export {
  type BucketNeeds,
  type CorsRule,
  type LifecycleRule,
  planCors,
  planLifecycle,
  type RulePlan,
} from './bucket-rules.ts';
