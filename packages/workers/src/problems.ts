import type { z } from 'zod';

/** Every problem that a schema found, each as `field: what was expected`, in the order of the fields. */
export function listProblems(error: z.ZodError): string[] {
  return error.issues.map((issue) => {
    const field = issue.path.join('.');
    // A wrong key hides what is wrong with it one level down.
    const cause = issue.code === 'invalid_key' ? (issue.issues[0] ?? issue) : issue;
    const message = cause.message.replace(/^Invalid (input|option): /, '');
    return field === '' ? message : `${field}: ${message}`;
  });
}

/** For the schema of an object with these fields: what was expected where something else was sent, or nothing. */
export function expectFields(shape: object): { error: (issue: { code?: string }) => string | undefined } {
  const expected = `expected an object with ${Object.keys(shape).join(', ')}`;
  return { error: ({ code }) => (code === 'invalid_type' ? expected : undefined) };
}

/** `subject has 2 problems: …; ….`, or with one problem `subject: ….` */
export function problemSentence(subject: string, problems: readonly string[]): string {
  const list = problems.join('; ');
  return problems.length === 1
    ? `${subject}: ${list}.`
    : `${subject} has ${problems.length} problems: ${list}.`;
}
