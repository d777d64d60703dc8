/**
 * Whose videos are whose. A video and its jobs belong to whoever asked for its upload, or started it; what one owner knows of
 * another's (keys, ids) is good for nothing. The admin may do everything, and a key what its pages' visitors may.
 */
export interface Asker {
  /** As `JobContext.submitter`: undefined where the server tells nobody apart, as RunPod's service. */
  readonly submitter: string | undefined;
}

/** `owner`: undefined for what was made where nobody was told apart. */
export function mayUse({ submitter }: Asker, owner: string | undefined): boolean {
  if (submitter === undefined || submitter === 'admin' || owner === undefined) return true;
  return owner === submitter || owner.startsWith(`${submitter}/`);
}

/** A visitor of a page, whose upload token bounds what it may send. */
export const isVisitor = ({ submitter }: Asker): boolean => submitter?.includes('/') === true;
