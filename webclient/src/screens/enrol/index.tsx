/** /enrol#CODE when this browser already belongs to somebody. */
import type { ReactElement } from "react";
import { navigate } from "../../app/router";
import { Page } from "../../app/Page";
import { to } from "../../app/routes";
import { m } from "../../paraglide/messages.js";
import { Button } from "../../ui/Button";
import { EmptyState } from "../../ui/States";

export default function Enrolled(): ReactElement {
  return (
    <Page title={m.enrol_title()}>
      <EmptyState title={m.enrol_already()} action={<Button variant="primary" onPress={() => navigate(to.home())}>{m.page_missing_home()}</Button>}>
        {m.enrol_already_do()}
      </EmptyState>
    </Page>
  );
}
