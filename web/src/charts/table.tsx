// The same as a table: same range, same units, newest first.

import { useEffect, useMemo, useState } from "preact/hooks";
import { age, number, zone } from "../format";
import { State } from "../lamp";
import { type Signal, written } from "./model";
import type { Range } from "./range";
import { span_s } from "./range";
import { type TableColumn, tableOf, type TableRow } from "./rows";
import type { Extent } from "./series";
import { instantFor } from "./ticks";

const PAGE_ROWS = 24;
const LIT = { ok: "ok", warn: "warn", critical: "crit" } as const;

interface TrendTableProps {
  columns: readonly TableColumn[];
  range: Range;
  bucket_s: number;
  underTitle: string;
}

export function TrendTable({ columns, range, bucket_s, underTitle }: TrendTableProps) {
  const table = useMemo(() => tableOf(columns, range, bucket_s), [columns, range, bucket_s]);
  const [page, setPage] = useState(0);
  useEffect(() => setPage(0), [range.from_s, range.to_s]);
  const nPages = Math.max(1, Math.ceil(table.rows.length / PAGE_ROWS));
  const at = Math.min(page, nPages - 1);
  const rows = table.rows.slice(at * PAGE_ROWS, (at + 1) * PAGE_ROWS);
  const says = table.step_s === 0 ? "one row a reading" : `one row every ${age(table.step_s).replace(".0", "")}: lowest to highest`;
  return (
    <div class="trend-table">
      <div class="scroll" tabIndex={0} role="region" aria-label="The charts as a table">
        <table class="table">
          <caption class="sr">{says}, newest first</caption>
          <thead>
            <tr>
              <th scope="col">Time, {zone()}</th>
              {columns.map((c) => <th scope="col" class="num" key={c.signal.name + c.isUnder}><Heading column={c} underTitle={underTitle} /></th>)}
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>{rows.map((row) => <Row key={row.at_s} row={row} columns={columns} span={span_s(range)} step_s={table.step_s} />)}</tbody>
        </table>
        {table.rows.length === 0 && <p class="blank">No readings in this range.</p>}
      </div>
      <div class="pager small muted">
        <span>{number(table.rows.length)} rows, {says}.</span>
        {nPages > 1 && (
          <span class="row push">
            <button class="btn quiet" disabled={at === 0} onClick={() => setPage(at - 1)}>Newer</button>
            <span>Page {at + 1} of {nPages}</span>
            <button class="btn quiet" disabled={at === nPages - 1} onClick={() => setPage(at + 1)}>Older</button>
          </span>
        )}
      </div>
    </div>
  );
}

const Heading = ({ column: { signal, isUnder }, underTitle }: { column: TableColumn; underTitle: string }) => (
  <>
    {[signal.title, signal.as.symbol].filter(Boolean).join(", ")}
    {isUnder && <><br />{underTitle}</>}
  </>
);

function Row({ row, columns, span, step_s }: { row: TableRow; columns: readonly TableColumn[]; span: number; step_s: number }) {
  return (
    <tr>
      <td class="nowrap">{instantFor(row.at_s, span, step_s)}</td>
      {row.cells.map((cell, k) => {
        const column = columns[k];
        return <td key={k} class={`num ${column?.isUnder ? "muted" : ""}`}>{cell && column ? extentWords(cell, column.signal) : <span class="muted">no data</span>}</td>;
      })}
      <td>{row.level === "ok" ? <span class="muted">Normal</span> : <State lit={LIT[row.level]} />}</td>
    </tr>
  );
}

function extentWords({ low, high }: Extent, signal: Signal): string {
  const [a, b] = [written(low, signal), written(high, signal)];
  return a === b ? a : `${a} to ${b}`;
}
