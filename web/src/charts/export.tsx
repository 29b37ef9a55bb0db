// Every sample of the range as a file; the server streams it, the browser saves it.

import * as api from "../api";
import { Popover } from "../popover";
import type { Range } from "./range";

const FORMATS = [
  ["csv", "CSV", "spreadsheets"],
  ["parquet", "Parquet", "Python, R, SQL tools"],
  ["ndjson", "NDJSON", "one reading a line"],
  ["json", "JSON", "columns"],
] as const;

interface ExportProps {
  machine: string;
  names: readonly string[];
  range: Range;
}

export function ExportMenu({ machine, names, range }: ExportProps) {
  const asked = { fromMs: range.from_s * 1000, toMs: range.to_s * 1000, channels: [...names] };
  return (
    <Popover label="Export" buttonClass="btn quiet">
      {(close) => (
        <ul class="links">
          {FORMATS.map(([format, title, hint]) => (
            <li key={format}>
              <a href={api.exportUrl(machine, format, asked)} download onClick={close}>{title}<span class="small muted">{hint}</span></a>
            </li>
          ))}
        </ul>
      )}
    </Popover>
  );
}
