import { promises as files } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const ASSETS = 'assets';
const WORTH_COMPRESSING = /\.(js|css|svg|ttf|html|md)$/;

/**
 * GraphiQL's style sheet carries its fonts inside as `data:` addresses: half a megabyte that every visit would
 * load, and a reason to weaken `font-src 'self'`. They become files, fetched only when a character needs them.
 */
function fontsAsFiles(): Plugin {
  const embedded = /url\("?data:font\/(\w+);base64,([^)"]+)"?\)/g;
  return {
    name: 'fonts-as-files',
    generateBundle(_options, bundle) {
      for (const asset of Object.values(bundle)) {
        if (asset.type !== 'asset' || !asset.fileName.endsWith('.css')) continue;
        asset.source = String(asset.source).replace(embedded, (_match, format: string, base64: string) => {
          const source = Buffer.from(base64, 'base64');
          const hash = createHash('sha256').update(source).digest('base64url').slice(0, 8);
          const name = `font-${hash}.${format}`;
          this.emitFile({ type: 'asset', fileName: `${ASSETS}/${name}`, source });
          return `url(${name})`;
        });
      }
    },
  };
}

/** Writes `.gz` and `.br` beside each file, so that the server never compresses while it serves. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    async writeBundle(options, bundle) {
      const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
      const names = Object.keys(bundle).filter((name) => WORTH_COMPRESSING.test(name));
      await Promise.all(
        names.map(async (name) => {
          const path = join(options.dir ?? '', name);
          const content = await files.readFile(path);
          await files.writeFile(`${path}.gz`, await promisify(gzip)(content, { level: 9 }));
          await files.writeFile(`${path}.br`, await promisify(brotliCompress)(content, quality));
        }),
      );
    },
  };
}

export default defineConfig({
  base: '/graphiql/',
  build: {
    assetsDir: ASSETS,
    assetsInlineLimit: 0, // everything is a file of our origin: `data:` would weaken the content-security policy
    chunkSizeWarningLimit: 6000, // kB; Monaco is one large part
    emptyOutDir: true,
    license: { fileName: 'licenses.md' },
    reportCompressedSize: false,
    rolldownOptions: {
      // React's "use client" marks mean nothing in a page without server components.
      onLog: (level, log, report) => void (log.code === 'MODULE_LEVEL_DIRECTIVE' || report(level, log)),
    },
    target: 'es2022',
  },
  plugins: [fontsAsFiles(), compressed()],
});
