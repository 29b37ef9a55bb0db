// Every page but Fleet, as one piece: apart, they would share so much that each byte came twice.
export { EntryPage } from "./entry";
export { HistoryPage } from "./history";
export { ImportPage } from "./import";
export { MachinePage } from "./machine";
export { SourcesPage } from "./sources";
export { StatesPage } from "./states";
