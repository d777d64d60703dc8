/** Why a request got no answer, in a few words: `fetch` hides the reason in `cause`. */
export function describeNetworkError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message;
  if (cause instanceof Error && cause.message) return cause.message;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return error.message;
}

/** The sentence in an error body: RunPod's services use `detail`, `error` or `message`. */
export function detailOf(text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null) {
      for (const key of ['detail', 'error', 'message']) {
        const value = (body as Record<string, unknown>)[key];
        if (typeof value === 'string' && value !== '') return value;
      }
    }
  } catch {
    // Not JSON: a proxy's own page.
  }
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 200);
}
