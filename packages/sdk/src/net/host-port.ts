/** As it stands in URLs and is read by people: an IPv6 address in brackets, so that its port is told from it. */
export function hostPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
