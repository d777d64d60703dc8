export { createReplayGuard, type ReplayGuard, type ReplayGuardOptions } from './replay-guard.ts';
export { readSecrets } from './secrets.ts';
export {
  type AuthV0,
  type AuthV1,
  type SignOptions,
  signHttpImageV0,
  signHttpTextV0,
  signImageUrlV0,
  signJob,
  signV1,
} from './sign.ts';
export { canonicalBody, imageTextV0, jobTextV0, type SignedRequest, textTextV0 } from './signed-text.ts';
export { signUnusedSecond, type UnusedSecondOptions } from './unused-second.ts';
export {
  AUTHENTICATION_FAILED,
  createVerifier,
  type GoodSignature,
  type RefusalCode,
  type Signed,
  type Verifier,
  type VerifierOptions,
} from './verifier.ts';
