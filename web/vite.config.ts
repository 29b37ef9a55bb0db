import { defineConfig, type Plugin } from "vite";

// `npm run dev` serves the page itself and hands everything else to a telltale that runs beside it.
const SERVER = process.env["TELLTALE_URL"] ?? "http://127.0.0.1:8000";

/** What every page needs, and what Fleet shows. */
const AT_ONCE = /node_modules\/(?!uplot)|preload-helper|src\/(?!simulator|cell|sw\.|main\.)[a-z-]+\.tsx?$|src\/pages\/(fleet|wall|lost|kept)|src\/charts\/measure|src\/models\/(api|cause)\./;

/** uPlot hangs every kind of path on itself, so none falls away by itself; the page draws straight lines only. */
const straightLinesOnly: Plugin = {
  name: "uplot-straight-lines-only",
  transform(code, id) {
    if (!id.endsWith("uPlot.esm.js")) return null;
    return { code: code.replace(/^\s*(\(paths\.(stepped|bars|spline)|uPlot\.join)\b.*$/gm, ""), map: null };
  },
};

/** Pages that load later are named in the shell: fetched while the browser is idle, and kept for offline. */
const laterPages: Plugin = {
  name: "later-pages",
  transformIndexHtml: {
    order: "post",
    handler: (html, { bundle = {} }) => Object.values(bundle)
      .filter((file) => (file.type === "chunk" ? !file.isEntry : file.fileName.endsWith(".css")))
      .filter((file) => !html.includes(file.fileName))
      .map((file) => ({ tag: "link", attrs: { rel: "prefetch", href: `/${file.fileName}` }, injectTo: "head" })),
  },
};

export default defineConfig({
  base: "/",
  plugins: [straightLinesOnly, laterPages],
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
      output: {
        entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
        // What pages share comes in five pieces, not in one for each set of pages: each piece has its own
        // dictionary, and costs a request. What Fleet shows at once is in the first.
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            { name: "base", test: AT_ONCE, priority: 2 },
            { name: "shared", test: /src\/charts\/(range|ticks)|src\/models\/(words|machines|parts)|src\/history\/when/, priority: 1 },
            { name: "charts", test: /src\/charts\/(?!table|rows)|src\/models\/bounds|uplot/ },
            { name: "of-machine", test: /src\/pages\/of-machine|src\/models\/kinds/ },
            { name: "why", test: /src\/models\/(why|running|evidence|heat|faults)\./ },
          ],
        },
      },
    },
  },
  server: { proxy: { "/api": { target: SERVER, ws: true } } },
});
