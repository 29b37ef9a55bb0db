// Where files are dropped, or chosen.
import { useRef, useState } from "preact/hooks";

interface DropZoneProps {
  onFiles: (files: readonly File[]) => void;
  title?: string;
  button?: string;
  hint?: string;
  isSingle?: boolean;
}

export function DropZone({ onFiles, title = "Drop files here", button = "Choose files…", hint = "or choose them from this device", isSingle = false }: DropZoneProps) {
  const [isOver, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const take = (list: FileList | null | undefined): void => {
    if (list?.length) onFiles(isSingle ? [...list].slice(0, 1) : [...list]);
    if (input.current) input.current.value = "";
  };
  return (
    <div
      class={`drop zone ${isOver ? "over" : ""}`}
      onDragOver={(event) => { event.preventDefault(); setOver(true); }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => { event.preventDefault(); setOver(false); take(event.dataTransfer?.files); }}
    >
      <div class="grow"><b>{isOver ? "Let go to look at it" : title}</b><p class="small muted">{hint}</p></div>
      <label class="btn main file-button">
        {button}
        <input ref={input} type="file" multiple={!isSingle} onChange={(event) => take(event.currentTarget.files)} />
      </label>
    </div>
  );
}
