// A button with a small panel: closes on Escape, on a click elsewhere, and when focus leaves it.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

interface PopoverProps {
  label: ComponentChildren;
  /** Spoken name where the label is a picture. */
  name?: string;
  side?: "below" | "above";
  buttonClass?: string;
  children: (close: () => void) => ComponentChildren;
}

export function Popover({ label, name, side = "below", buttonClass = "", children }: PopoverProps) {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => {
    if (!isOpen) return;
    const outside = (event: Event): void => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "Escape") return;
      setOpen(false);
      button.current?.focus();
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
      document.removeEventListener("keydown", onKey);
    };
  }, [isOpen]);
  return (
    <div class={`popover ${side}`} ref={root}>
      <button ref={button} type="button" class={buttonClass} aria-label={name} aria-expanded={isOpen} aria-controls={id} onClick={() => setOpen(!isOpen)}>
        {label}
      </button>
      {isOpen && <div class="sheet" id={id}>{children(() => setOpen(false))}</div>}
    </div>
  );
}
