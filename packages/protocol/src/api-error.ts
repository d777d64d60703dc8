/**
 * Body of every error answer. RunPod's clients read different keys of it (`error`, `message`, `detail`), so all are
 * there: problem-style `status`, `title`, `detail`, plus `error` and a stable `code`.
 */
export interface ApiErrorBody {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly error: string;
  readonly code: string;
  readonly requestId?: string;
}
