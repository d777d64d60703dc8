/**
 * The serverless endpoint at RunPod that `spillway deploy` makes of an endpoint: what only the cloud side has. Scaling,
 * execution timeout and the kind of endpoint are those of the endpoint itself. What is absent is left as it is there.
 */
export interface Deployment {
  /** At RunPod, where runs find it again. Absent: `spillway-` and the endpoint's name. */
  readonly name?: string;
  /** Absent: the endpoint's own image. */
  readonly image?: string;
  /** One text, in place of the image's command. */
  readonly args?: string;
  readonly diskGb?: number;
  /** Absent, and without `cpu`: what the endpoint's workers need. */
  readonly gpu?: DeploymentGpu;
  /** Instead of cards. */
  readonly cpu?: readonly { readonly flavor: string; readonly vcpus: number }[];
  readonly workers: { readonly min: number; readonly max: number; readonly idleTimeoutMs: number };
  readonly flashboot: boolean | 'priority';
  readonly dataCenters?: readonly string[];
  readonly volumes: readonly DeploymentVolume[];
  /** On top of the endpoint's own. */
  readonly env: Readonly<Record<string, string>>;
  /** Name of a secret at RunPod, by variable. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Id of a registry credential at RunPod. */
  readonly registry?: string;
  readonly ports?: readonly string[];
}

/** Pools in order of preference, or the memory that each card must have. */
export interface DeploymentGpu {
  readonly pools?: readonly string[];
  readonly memoryBytes?: number;
  readonly count: number;
  /** Card types of the pools to do without. */
  readonly exclude: readonly string[];
  /** `major.minor` */
  readonly minCuda?: string;
}

/** A network volume that exists (`id`), or one that is found by its name and made where it is missing. */
export type DeploymentVolume =
  | { readonly id: string }
  | {
      readonly name: string;
      readonly sizeGb: number;
      readonly dataCenter: string;
      readonly type?: 'STANDARD' | 'HIGH_PERFORMANCE';
    };
