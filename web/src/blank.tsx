// Blank states: the title says what is missing, the text why and what still works, one action mends it.
import type { ComponentChildren } from "preact";

interface BlankProps {
  title: string;
  children?: ComponentChildren;
  /** A link or button. */
  action?: ComponentChildren;
}

export const Blank = ({ title, children, action }: BlankProps) => (
  <div class="blank">
    <h3>{title}</h3>
    {children && <div class="stack">{children}</div>}
    {action && <div class="row wrap">{action}</div>}
  </div>
);
