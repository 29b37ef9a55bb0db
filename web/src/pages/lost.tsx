// No page at this address.
import { Blank } from "../blank";
import { Page } from "../shell";

export const LostPage = () => (
  <Page where="Not found" finding="There is no page at this address">
    <section class="panel">
      <Blank level={2} title="The address may be mistyped, or the machine renamed" action={<a class="btn" href="/">Go to the fleet</a>}>
        Machines keep their id when their title changes. The fleet lists every one.
      </Blank>
    </section>
  </Page>
);
