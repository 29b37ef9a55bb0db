import { defineConfig } from "vite";

// `npm run dev` serves the page itself and hands everything else to a telltale that runs beside it.
const SERVER = process.env["TELLTALE_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "/",
  build: {
    outDir: "../src/telltale/web",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    rolldownOptions: {
      input: { index: "index.html", sw: "src/sw.ts" },
      // A service worker governs the folder it lies in, under a name that never changes.
      output: { entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
    },
  },
  server: { proxy: { "/api": { target: SERVER, ws: true } } },
});
