export { type AddressRules, createAddressRules } from './address-rules.ts';
export { GuardError, type GuardedFetchOptions, type GuardedResponse, guardedFetch } from './guarded-fetch.ts';
