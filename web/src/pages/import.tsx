// Files in: drop or choose, look how each is read, confirm, follow, go to the result.

import { useRef, useState } from "preact/hooks";
import { Blank } from "../blank";
import { bytes, capital, inWords } from "../format";
import { DropZone } from "../import/drop";
import { useFileImport } from "../import/job";
import { Preview } from "../import/preview";
import { Ended, Running, Sending } from "../import/progress";
import { Lamp } from "../lamp";
import { Page } from "../shell";
import "../import.css";

const MAX_FILES = 20; // each has a row; a folder of thousands belongs to `telltale import`

interface Picked {
  id: number;
  file: File;
}

export function ImportPage() {
  const [picked, setPicked] = useState<readonly Picked[]>([]);
  const next = useRef(1);
  const add = (files: readonly File[]): void =>
    setPicked([...files.map((file) => ({ id: next.current++, file })), ...picked].slice(0, MAX_FILES));
  const drop = (id: number): void => setPicked(picked.filter((one) => one.id !== id));
  return (
    <Page where="Import" finding={picked.length === 0 ? "Bring in what was recorded" : `${capital(inWords(picked.length))} ${picked.length === 1 ? "file" : "files"} to bring in`} text="A log becomes history of a machine. Nothing is kept before you have seen how it is read.">
      <div class="stack loose import">
        <section class="panel">
          <header><h2>Import</h2><span class="small muted">CSV, JSON lines, logs of loggers and ECUs, also packed with gzip</span></header>
          <div class="body"><DropZone onFiles={add} /></div>
        </section>
        {picked.map(({ id, file }) => (
          <section class="panel" key={id} aria-label={file.name}><div class="body"><FileRow file={file} onDrop={() => drop(id)} /></div></section>
        ))}
        {picked.length === 0 && (
          <section class="panel">
            <Blank title="What it takes">
              <p>The first row names the columns; a second may hold units. Decimal commas, semicolons and times in any usual form are found out by themselves.</p>
              <p>A file of any size is read as it comes. For folders, and without a browser: <code>telltale import FILE…</code></p>
            </Blank>
          </section>
        )}
      </div>
    </Page>
  );
}

function FileRow({ file, onDrop }: { file: File; onDrop: () => void }) {
  const { stage, start, stop, read } = useFileImport(file);
  switch (stage.at) {
    case "reading":
      return <p class="row"><b class="cut">{file.name}</b><span class="muted">{bytes(file.size)}, reading its beginning…</span></p>;
    case "preview":
      return <Preview file={file} preview={stage.preview} problem={stage.problem} onRead={read} onStart={start} onDrop={onDrop} />;
    case "sending":
      return <Sending file={file} sent_bytes={stage.sent_bytes} started_ms={stage.started_ms} onStop={stop} />;
    case "running":
      return <Running job={stage.job} size_bytes={file.size} onStop={stop} />;
    case "ended":
      return <Ended job={stage.job}><Done onDrop={onDrop} onAgain={stage.job.state === "done" ? null : () => read()} /></Ended>;
    case "refused":
      return (
        <div class="stack">
          <div class="row"><Lamp lit="fail" /><b class="cut">{file.name}</b><span class="muted nowrap">{bytes(file.size)}</span></div>
          <p class="say">{stage.problem}</p>
          <Done onDrop={onDrop} onAgain={() => read()} />
        </div>
      );
    case "given_up":
      return <div class="stack"><p><b>{file.name}</b>: stopped while it was being sent. Rows that had arrived are kept.</p><Done onDrop={onDrop} onAgain={() => read()} /></div>;
  }
}

const Done = ({ onDrop, onAgain }: { onDrop: () => void; onAgain: (() => void) | null }) => (
  <div class="row">
    {onAgain && <button class="btn" onClick={onAgain}>Try again</button>}
    <button class="btn quiet" onClick={onDrop}>Close</button>
  </div>
);
