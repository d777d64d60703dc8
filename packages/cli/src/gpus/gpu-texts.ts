/** Memory and prices of cards as people read them. A gigabyte is 1024³ bytes here, as on the boxes of cards. */
const GIGABYTE = 1024 ** 3;

/** What is there, never more than it is: `23.9 GB`. */
export function gigabytes(bytes: number): string {
  return `${Math.floor((Math.max(0, bytes) / GIGABYTE) * 10 + 1e-6) / 10} GB`;
}

/** What is taken or needed, never less than it is: `0.4 GB`. */
export function needGigabytes(bytes: number): string {
  return `${Math.ceil((bytes / GIGABYTE) * 10 - 1e-6) / 10} GB`;
}

/** Up to the millionth of a dollar: `$0.00019`. */
export function secondText(dollars: number): string {
  return `$${Number(dollars.toFixed(6))}`;
}

/** `$0.58` */
export function hourText(dollars: number): string {
  return `$${dollars.toFixed(2)}`;
}
