// Builds the dashboard into the Python package. `base: './'` keeps every address relative, so the same
// files work under /logs/ or behind any other prefix.
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

const server = process.env.WHODID_SERVER ?? 'http://127.0.0.1:7778'

export default defineConfig({
  base: './',
  plugins: [svelte()],
  build: {
    outDir: '../src/whodid/api/static',
    emptyOutDir: true,
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: {
    proxy: {
      '/loki': { target: `${server}/logs`, ws: true },
      '/whodid': { target: `${server}/logs` },
      '/prometheus': { target: `${server}/logs` },
    },
  },
})
