/** What one check of `spillway doctor` found. */
export interface Finding {
  /** Short name, as it stands in the first column. */
  readonly name: string;
  /** `missing` is needed, `optional` is not; both come with a way to get it. */
  readonly status: 'ok' | 'missing' | 'optional';
  /** What is there, or what it would be good for. */
  readonly detail: string;
  /** How to get it. */
  readonly remedy?: string;
  /** Names of its packages, where package managers have it. */
  readonly packages?: PackageNames;
}

export const PACKAGE_MANAGERS = ['apt-get', 'dnf', 'apk', 'brew'] as const;
export type PackageManager = (typeof PACKAGE_MANAGERS)[number];
export type PackageNames = Readonly<Record<PackageManager, readonly string[]>>;
