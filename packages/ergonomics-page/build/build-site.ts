import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** Bundles `app` in memory; answers the files by their paths. */
export async function buildSite(): Promise<ReadonlyMap<string, string>> {
  const built = await build({
    root: fileURLToPath(new URL('../app', import.meta.url)),
    configFile: false,
    // Below whatever path the page is served.
    base: './',
    logLevel: 'error',
    publicDir: false,
    build: {
      write: false,
      target: 'es2022',
      // Everything is a file of its own: the page's policy allows nothing inline.
      assetsInlineLimit: 0,
      modulePreload: false,
      reportCompressedSize: false,
      license: { fileName: 'licences.txt' },
    },
  });
  if ('on' in built) throw new Error('expected a build, got a watcher');
  const outputs = (Array.isArray(built) ? built : [built]).flatMap(({ output }) => output);
  const decoder = new TextDecoder();
  return new Map(
    outputs.map((file): [string, string] => {
      const content = file.type === 'chunk' ? file.code : file.source;
      return [file.fileName, typeof content === 'string' ? content : decoder.decode(content)];
    }),
  );
}
