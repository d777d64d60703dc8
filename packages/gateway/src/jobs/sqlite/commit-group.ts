import type { DatabaseSync } from 'node:sqlite';

/**
 * Group commit: operations asked for in the same turn of the event loop share one transaction, and so one sync of the
 * disk. Each has a savepoint of its own, so that one that fails takes no other along. Nobody gets an answer before
 * COMMIT returned.
 */
export interface CommitGroup {
  run<T>(operation: () => T): Promise<T>;
  /** Commits what is waiting, at once. */
  flush(): void;
}

export interface CommitGroupHooks {
  /** Runs inside the transaction before COMMIT, once a group. */
  readonly beforeCommit: () => void;
  /** The whole group was rolled back. */
  readonly afterRollback: () => void;
}

interface Pending {
  readonly operation: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** One transaction may hold this many operations; the rest form the next. */
const LARGEST_GROUP = 512;

export function createCommitGroup(db: DatabaseSync, hooks: CommitGroupHooks): CommitGroup {
  const pending: Pending[] = [];
  let isScheduled = false;
  const statement = {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
    savepoint: db.prepare('SAVEPOINT operation'),
    release: db.prepare('RELEASE operation'),
    undo: db.prepare('ROLLBACK TO operation'),
  };

  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(flush);
  }

  function flush(): void {
    isScheduled = false;
    const group = pending.splice(0, LARGEST_GROUP);
    if (group.length > 0) commit(group);
    if (pending.length > 0) schedule();
  }

  function commit(group: readonly Pending[]): void {
    const answers: (() => void)[] = [];
    try {
      statement.begin.run();
      for (const one of group) answers.push(attempt(one));
      hooks.beforeCommit();
      statement.commit.run();
    } catch (error) {
      if (db.isTransaction) statement.rollback.run();
      hooks.afterRollback();
      for (const one of group) one.reject(error);
      return;
    }
    for (const answer of answers) answer();
  }

  function attempt(one: Pending): () => void {
    statement.savepoint.run();
    try {
      const value = one.operation();
      statement.release.run();
      return () => one.resolve(value as never);
    } catch (error) {
      // A full disk ends the transaction itself: then the whole group fails.
      if (!db.isTransaction) throw error;
      statement.undo.run();
      statement.release.run();
      return () => one.reject(error);
    }
  }

  return {
    run: (operation) =>
      new Promise((resolve, reject) => {
        pending.push({ operation, resolve, reject });
        schedule();
      }),
    flush,
  };
}
