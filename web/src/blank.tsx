// Blank states: the title says what is missing, the text why and what still works, one action mends it.
import type { ComponentChildren } from "preact";

interface BlankProps {
  title: string;
  children?: ComponentChildren;
  /** A link or button. */
  action?: ComponentChildren;
  /** 2 where the panel has no heading of its own. */
  level?: 2 | 3;
}

export const Blank = ({ title, children, action, level = 3 }: BlankProps) => (
  <div class="blank">
    {level === 2 ? <h2>{title}</h2> : <h3>{title}</h3>}
    {children && <div class="stack">{children}</div>}
    {action && <div class="row wrap">{action}</div>}
  </div>
);
