import type { PageState } from '../page-state.ts';

export type StateOf<Is extends PageState['is']> = Extract<PageState, { is: Is }>;

/** What is on the page for a state; it is updated in place while the state stays the same kind, so that focus stays. */
export interface View<State> {
  readonly element: HTMLElement;
  update?(state: State): void;
  /** Of what outlives its elements. */
  remove?(): void;
}
