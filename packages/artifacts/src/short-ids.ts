/** Where random names of files and uploads come from; injected so that tests can name them. */
export interface ShortIds {
  /** Lower-case letters and digits. */
  short(length: number): string;
}
