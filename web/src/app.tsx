// Which page stands at which address. Fleet is here at once, the others come after it.
import { later } from "./later";
import { place } from "./router";
import { FleetPage } from "./pages/fleet";
import { LostPage } from "./pages/lost";

const rest = () => import("./pages/rest");
const EntryPage = later(() => rest().then((it) => it.EntryPage));
const HistoryPage = later(() => rest().then((it) => it.HistoryPage));
const ImportPage = later(() => rest().then((it) => it.ImportPage));
const MachinePage = later(() => rest().then((it) => it.MachinePage));
const SourcesPage = later(() => rest().then((it) => it.SourcesPage));
const StatesPage = later(() => rest().then((it) => it.StatesPage));

export function App() {
  const { route } = place.value;
  switch (route.page) {
    case "fleet":
      return <FleetPage />;
    case "machine":
      return <MachinePage key={route.machine} id={route.machine} />;
    case "history":
      return <HistoryPage machine={route.machine} />;
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
