/** Variables that say where a worker keeps files. A file of its own, so that listing them loads no library. */
export const STORAGE_ENV = [
  ...['STORAGE_PROVIDER', 'STORAGE_DIR'],
  ...['R2_ACCOUNT_ID', 'R2_ACCESS_KEY_ID', 'R2_SECRET_ACCESS_KEY', 'R2_BUCKET_NAME', 'R2_ENDPOINT_URL'],
  ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_REGION', 'AWS_BUCKET_NAME'],
  ...['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'],
] as const;
