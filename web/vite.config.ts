// The bundle that web/embed.mjs puts into the programs: one script, one style sheet, one page. No
// chunk is loaded later, since an HTML report carries the same two files inside itself.
import { defineConfig } from 'vite';

// `SQUALL_SERVER=http://127.0.0.1:8089 npm run dev` shows the page that is being written over a real
// server. That one refuses changes from foreign pages, so the origin is made its own.
const server = process.env.SQUALL_SERVER;
const proxied = server && {
  target: server,
  changeOrigin: true,
  headers: { origin: server },
};

export default defineConfig({
  server: { proxy: proxied ? { '/api': proxied, '/login': proxied, '/logout': proxied } : {} },
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    target: 'es2022',
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: {
        entryFileNames: 'assets/app-[hash].js',
        assetFileNames: 'assets/app-[hash][extname]',
      },
    },
  },
});
