/** A screen that shows a view: what stands there until it is there, and when it cannot be had. */
import type { ReactElement } from "react";
import { navigate } from "../app/router";
import { Page, type PageProps } from "../app/Page";
import { to } from "../app/routes";
import { m } from "../paraglide/messages.js";
import type { ViewName } from "../core/client";
import type { Views } from "../core/types.gen";
import type { ViewState } from "../state/views";
import { Button } from "../ui/Button";
import { ErrorState, LoadingState } from "../ui/States";

export interface LoadedProps<V extends ViewName> extends Pick<PageProps, "title"> {
  view: ViewState<V>;
  parent?: string;
  children: (value: Views[V]["value"]) => ReactElement;
}

/** Draws the children when the view is there; their Page replaces this one. */
export function Loaded<V extends ViewName>({ view, title, parent, children }: LoadedProps<V>): ReactElement {
  if (view.state === "ready") return children(view.value);
  return (
    <Page title={title} {...(parent === undefined ? {} : { parent })}>
      {view.state === "loading" ? (
        <LoadingState faces />
      ) : (
        <ErrorState error={view.error} action={<Button onPress={() => navigate(to.home())}>{m.page_missing_home()}</Button>} />
      )}
    </Page>
  );
}
