// Rail, top bar and bottom bar around a page.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { clock, countText, tied, zone } from "./format";
import { DisplayMenu } from "./display";
import { Icon, type IconName } from "./icons";
import { Lamp } from "./lamp";
import { LiveBadge } from "./badge";
import { Popover } from "./popover";
import { machinePath, place } from "./router";
import { stateShape } from "./states";
import { briefs, now, serverStatus, tally, worst } from "./store";
import { Toasts } from "./toast";

interface Link {
  icon: IconName;
  title: string;
  href: string;
  page: string;
}

/** The machine looked at last; where "Machine" leads. */
export const lastMachine = signal<string | null>(null);

function groups(): [string, Link[]][] {
  const machine = lastMachine.value ?? worst.value?.id ?? null;
  const watch: Link[] = [{ icon: "fleet", title: "Fleet", href: "/", page: "fleet" }];
  if (machine !== null) watch.push({ icon: "machine", title: "Machine", href: machinePath(machine), page: "machine" });
  watch.push({ icon: "history", title: "History", href: "/history", page: "history" }, { icon: "models", title: "Models", href: "/models", page: "models" });
  return [
    ["Watch", watch],
    ["Readings in", [
      { icon: "import", title: "Import", href: "/import", page: "import" },
      { icon: "entry", title: "Manual entry", href: "/entry", page: "entry" },
      { icon: "sources", title: "Sources", href: "/sources", page: "sources" },
    ]],
    ["Help", [{ icon: "states", title: "States", href: "/states", page: "states" }]],
  ];
}

const HOMES: Record<string, string> = { learn: "machine", faults: "machine", vibration: "machine", model: "models" }; // pages below one of the rail

function isHere(link: Link): "page" | undefined {
  const { page } = place.value.route;
  return (HOMES[page] ?? page) === link.page ? "page" : undefined;
}

function Count() {
  const { critical = 0, warn = 0 } = tally.value;
  if (critical > 0) return <span class="count" role="img" aria-label={`${critical} critical`}>{critical}</span>;
  return warn > 0 ? <span class="count warn" role="img" aria-label={`${warn} with a warning`}>{warn}</span> : null;
}

function Brand() {
  const one = worst.value;
  const shape = one === null ? stateShape("no_data") : stateShape(one.state);
  return (
    <a class="brand" href="/">
      <Lamp lit={shape.lit} label={one === null ? "No machine yet" : `Worst of all: ${one.title}, ${shape.word.toLowerCase()}`} />
      <span class="label">telltale</span>
    </a>
  );
}

function Rail() {
  const status = serverStatus.value;
  return (
    <nav class="rail" aria-label="Main">
      <Brand />
      {groups().map(([title, links]) => (
        <div key={title}>
          <h2>{title}</h2>
          {links.map((link) => (
            <a key={link.page} class="nav" href={link.href} aria-current={isHere(link)} title={link.title}>
              <Icon name={link.icon} />
              <span class="label">{link.title}</span>
              {link.page === "fleet" && <Count />}
            </a>
          ))}
        </div>
      ))}
      <div class="foot small muted">
        <div>{briefs.value.length} {briefs.value.length === 1 ? "machine" : "machines"}</div>
        {status && <div>{countText(status.rows)} readings kept</div>}
        <div>telltale{status ? ` ${status.version}` : ""}</div>
      </div>
    </nav>
  );
}

interface TopProps {
  title: string;
  crumb?: ComponentChildren;
}

const Top = ({ title, crumb }: TopProps) => (
  <header class="top">
    <span class="strong cut">{title}</span>
    {crumb && <span class="muted cut wide">{crumb}</span>}
    <span class="push" />
    <LiveBadge />
    <Clock />
    <DisplayMenu />
  </header>
);

const Clock = () => <span class="small muted wide nowrap">{clock(now.value)} {zone()}</span>;

function Bottom() {
  const all = groups().flatMap(([, links]) => links);
  const shownFirst = ["fleet", "machine", "history", "import"];
  const first = all.filter((link) => shownFirst.includes(link.page));
  const rest = all.filter((link) => !shownFirst.includes(link.page));
  return (
    <nav class="bottom" aria-label="Main, short">
      {first.map((link) => (
        <a key={link.page} href={link.href} aria-current={isHere(link)}>
          <Icon name={link.icon} />
          {link.title}
          {link.page === "fleet" && <Count />}
        </a>
      ))}
      <Popover label={<><Icon name="more" />More</>} side="above" buttonClass={rest.some(isHere) ? "here" : ""}>
        {(close) => (
          <ul class="links">
            {rest.map((link) => (
              <li key={link.page}>
                <a href={link.href} aria-current={isHere(link)} onClick={close}><Icon name={link.icon} />{link.title}</a>
              </li>
            ))}
          </ul>
        )}
      </Popover>
    </nav>
  );
}

export interface PageProps {
  /** Where: stands in the top bar. */
  where: string;
  crumb?: ComponentChildren;
  /** The finding in words; also the document's title. */
  finding: string;
  /** What to do, or what is not known. */
  text?: ComponentChildren;
  lamp?: ComponentChildren;
  actions?: ComponentChildren;
  children?: ComponentChildren;
}

/** A page's frame: every page is put in one. */
export function Page({ where, crumb, finding, text, lamp, actions, children }: PageProps) {
  useEffect(() => {
    const { critical = 0 } = tally.value;
    document.title = `${critical > 0 ? `(${critical}) ` : ""}${finding} · telltale`;
  }, [finding, tally.value]);
  return (
    <div class="app">
      <a class="skip" href="#main">Skip to content</a>
      <Rail />
      <Top title={where} crumb={crumb} />
      <main id="main" tabIndex={-1}>
        <div class="head">
          {lamp}
          <div class="grow">
            <h1>{finding}</h1>
            {text && <p>{typeof text === "string" ? tied(text) : text}</p>}
          </div>
          {actions && <div class="row wrap">{actions}</div>}
        </div>
        {children}
      </main>
      <Bottom />
      <Toasts />
    </div>
  );
}
