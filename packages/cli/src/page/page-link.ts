/** The address of a page with what it needs in the fragment, which is sent to no server and stands in no log. */
export function pageLink(
  address: string,
  { endpoint, token }: { readonly endpoint: string; readonly token: string },
): string {
  const url = new URL(address);
  url.hash = new URLSearchParams({ endpoint, token }).toString();
  return url.href;
}
