// Which page stands at which address. Fleet is here at once; each other page comes when it is opened.
import { later } from "./later";
import { place } from "./router";
import { FleetPage } from "./pages/fleet";
import { LostPage } from "./pages/lost";

const EntryPage = later(() => import("./pages/entry").then((it) => it.EntryPage));
const FaultsPage = later(() => import("./pages/faults").then((it) => it.FaultsPage));
const HistoryPage = later(() => import("./pages/history").then((it) => it.HistoryPage));
const ImportPage = later(() => import("./pages/import").then((it) => it.ImportPage));
const LearnPage = later(() => import("./pages/learn").then((it) => it.LearnPage));
const MachinePage = later(() => import("./pages/machine").then((it) => it.MachinePage));
const ModelPage = later(() => import("./pages/model").then((it) => it.ModelPage));
const ModelsPage = later(() => import("./pages/models").then((it) => it.ModelsPage));
const SourcesPage = later(() => import("./pages/sources").then((it) => it.SourcesPage));
const StatesPage = later(() => import("./pages/states").then((it) => it.StatesPage));
const VibrationPage = later(() => import("./pages/vibration").then((it) => it.VibrationPage));

export function App() {
  const { route } = place.value;
  switch (route.page) {
    case "fleet":
      return <FleetPage />;
    case "machine":
      return <MachinePage key={route.machine} id={route.machine} />;
    case "learn":
      return <LearnPage key={route.machine} id={route.machine} />;
    case "faults":
      return <FaultsPage key={route.machine} id={route.machine} />;
    case "vibration":
      return <VibrationPage key={route.machine} id={route.machine} />;
    case "history":
      return <HistoryPage machine={route.machine} />;
    case "models":
      return <ModelsPage />;
    case "model":
      return <ModelPage key={route.model} number={route.model} />;
    case "import":
      return <ImportPage />;
    case "entry":
      return <EntryPage />;
    case "sources":
      return <SourcesPage />;
    case "states":
      return <StatesPage />;
    default:
      return <LostPage />;
  }
}
