import { fileURLToPath } from "node:url";

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Where `npm run dev` finds a running Wardgate. */
const wardgate = process.env.WARDGATE_URL ?? "http://127.0.0.1:8480";

export default defineConfig({
  plugins: [svelte()],
  resolve: { alias: { $lib: at("src/lib"), $ui: at("src/ui") } },
  build: {
    target: "es2022",
    // The content security policy allows no data: and no inline code.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: "licenses.md" },
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": { target: wardgate, changeOrigin: false } } },
});
