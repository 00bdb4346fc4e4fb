import { defineConfig, mergeConfig } from "vitest/config";

import vite from "./vite.config.ts";

export default mergeConfig(
  vite,
  defineConfig({
    // Svelte's browser build, as in the product.
    resolve: { conditions: ["browser"] },
    test: { environment: "node", include: ["src/**/*.test.ts"] },
  }),
);
