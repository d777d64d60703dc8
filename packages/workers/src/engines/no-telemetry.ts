/**
 * ONNX Runtime sends usage data to its maker unless this variable is set, and keeps a device id under the home folder.
 * It reads the process's own environment, so this must run on the main thread, before any thread loads the library.
 * Who wants to send it sets the variable to 0.
 */
export function refuseTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
}
