// A side panel: open beside the charts, folded to one row where the page is a single column.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

interface FoldProps {
  title: string;
  says?: ComponentChildren;
  children: ComponentChildren;
}

export function Fold({ title, says, children }: FoldProps) {
  const [isOpen] = useState(() => !matchMedia("(max-width: 1000px)").matches);
  return (
    <details class="panel fold" open={isOpen}>
      <summary><h2>{title}</h2>{says && <span class="small muted cut">{says}</span>}</summary>
      {children}
    </details>
  );
}
