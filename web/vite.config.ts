// Builds the console into the API's static folder; in development the API is asked through a proxy.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const api = process.env.FANZHA_API ?? 'http://127.0.0.1:8000';

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: '../src/fanzha/entrypoints/api/static',
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 700,
    // Everything is a file of its own: the content policy allows no inline script or data font.
    assetsInlineLimit: 0,
  },
  server: { proxy: { '/v1': api, '/health': api } },
});
