/** What `svelte-check`, ESLint and Vite have in common: Svelte's defaults, and runes everywhere. */
export default {
  compilerOptions: {
    runes: (/** @type {{ filename: string }} */ { filename }) =>
      filename.includes("node_modules") ? undefined : true,
  },
};
