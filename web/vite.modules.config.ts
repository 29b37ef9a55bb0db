import { defineConfig } from "vite";

// Beside what npm installs: ignored by git, renewed with each build, never packed.
export default defineConfig({
  publicDir: false,
  build: {
    outDir: "node_modules/.telltale",
    emptyOutDir: true,
    target: "es2022",
    minify: false,
    lib: { entry: "modules.ts", formats: ["es"], fileName: () => "modules.js" },
  },
});
