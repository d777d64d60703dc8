/**
 * sharp, loaded at the first picture: its native library takes 50 to 130 ms that a worker's start need not wait for.
 * No cache, as no picture is seen twice; one thread a picture, as decoders don't use more (measured: 1280 x 960 JPEG
 * 8.3 ms with one, 8.9 ms with two) and the others belong to inference.
 */
export async function loadSharp(): Promise<typeof import('sharp').default> {
  const { default: sharp } = await import('sharp');
  sharp.cache(false);
  sharp.concurrency(1);
  return sharp;
}
