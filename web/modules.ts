// The nearly pure modules of the page as one file, for tests/web/test_modules.py: a browser is always
// there when tests run, Node is not.
export * as bounds from "./src/models/bounds";
export * as cause from "./src/models/cause";
export * as charts from "./src/charts/model";
export * as check from "./src/entry/check";
export * as details from "./src/details";
export * as kinds from "./src/models/kinds";
export * as lines from "./src/vibration/words";
export * as findings from "./src/findings";
export * as format from "./src/format";
export * as heat from "./src/models/heat";
export * as range from "./src/charts/range";
export * as ring from "./src/ring";
export * as router from "./src/router";
export * as series from "./src/charts/series";
export * as settings from "./src/settings";
export * as states from "./src/states";
export * as units from "./src/units";
export * as values from "./src/values";
export * as view from "./src/history/view";
export * as words from "./src/models/words";
