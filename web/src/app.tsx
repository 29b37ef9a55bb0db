// Which page stands at which address.
import { place } from "./router";
import { FleetPage } from "./pages/fleet";
import { EntryPage } from "./pages/entry";
import { HistoryPage } from "./pages/history";
import { ImportPage } from "./pages/import";
import { LostPage } from "./pages/lost";
import { MachinePage } from "./pages/machine";
import { SourcesPage } from "./pages/sources";
import { StatesPage } from "./pages/states";

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
