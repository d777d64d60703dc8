/** Version of the package, sent with each heartbeat and in the user agent. A test holds it to package.json. */
export const SDK_VERSION = '0.1.0';
