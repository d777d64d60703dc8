import { ArtifactError } from './artifact-error.ts';

/** The same bytes. Throws ARTIFACT_MISMATCH when there are more than said, as soon as they are, or fewer at the end. */
export async function* exactBytes(
  body: AsyncIterable<Uint8Array>,
  sizeBytes: number,
): AsyncGenerator<Uint8Array, void> {
  let received = 0;
  for await (const chunk of body) {
    received += chunk.length;
    if (received > sizeBytes) throw mismatch(sizeBytes, `more`);
    yield chunk;
  }
  if (received < sizeBytes) throw mismatch(sizeBytes, String(received));
}

function mismatch(expected: number, got: string): ArtifactError {
  return new ArtifactError(
    'ARTIFACT_MISMATCH',
    `expected exactly ${expected} bytes, got ${got}; nothing was kept`,
  );
}
