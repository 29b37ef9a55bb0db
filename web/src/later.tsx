// What comes when it is needed, so that the first picture waits for as little as possible.
import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { Blank } from "./blank";
import { Page } from "./shell";

type Got<P> = { at: "waiting" } | { at: "here"; page: ComponentType<P> } | { at: "missing" };

/** A page, or a part of one: a part leaves its place empty until it is there. */
export function later<P extends object>(load: () => Promise<ComponentType<P>>, kind: "page" | "part" = "page"): ComponentType<P> {
  const got = signal<Got<P>>({ at: "waiting" });
  const take = async (): Promise<void> => {
    try {
      const page = await load();
      const hadFocus = document.activeElement?.id === "main"; // the router put it there; it must not be lost
      got.value = { at: "here", page };
      if (hadFocus) requestAnimationFrame(() => document.getElementById("main")?.focus({ preventScroll: true }));
    } catch {
      got.value = { at: "missing" };
    }
  };
  return (props: P) => {
    useEffect(() => {
      if (got.value.at !== "here") void take();
    }, []);
    const state = got.value;
    if (state.at === "here") return <state.page {...props} />;
    if (kind === "part") return state.at === "missing" ? <p class="note">This part did not arrive. <Reload /></p> : null;
    return state.at === "missing" ? <Missing /> : <Page where="telltale" finding="One moment" />;
  };
}

const Reload = () => <button class="btn" onClick={() => location.reload()}>Load again</button>;

const Missing = () => (
  <Page where="telltale" finding="This page did not arrive">
    <section class="panel">
      <Blank level={2} title="The server does not answer, or it was renewed meanwhile" action={<Reload />}>
        Readings go on being kept. What is open already stays usable.
      </Blank>
    </section>
  </Page>
);
