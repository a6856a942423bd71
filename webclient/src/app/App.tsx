/** The whole of it: language, routes, the frame, and what is shown until the core is there. */
import { Component, lazy, Suspense, useMemo, useState, type ComponentType, type ReactElement, type ReactNode } from "react";
import { I18nProvider, RouterProvider } from "react-aria-components";
import { CoreError } from "../core/errors";
import { useCoreState } from "../core/hooks";
import { m } from "../paraglide/messages.js";
import { languageTag, usePreferences } from "../state/preferences";
import { Button } from "../ui/Button";
import { EmptyState, ErrorState, LoadingState } from "../ui/States";
import { Toasts } from "../ui/Toast";
import { Boot } from "./Boot";
import { Door } from "./Door";
import { Page } from "./Page";
import { navigate, usePlace } from "./router";
import { load, to, type Screen } from "./routes";
import { Shell } from "./Shell";

export function App(): ReactElement {
  const locale = usePreferences((p) => p.locale);
  return (
    <I18nProvider locale={languageTag(locale)}>
      <RouterProvider navigate={navigate}>
        {/* Another language redraws everything; what must last lives outside React. */}
        <Screens key={locale} />
        <Toasts />
      </RouterProvider>
    </I18nProvider>
  );
}

function Screens(): ReactElement {
  const { phase } = useCoreState();
  const { route, path } = usePlace();
  const screen = useScreen(route?.screen);
  const [begun, setBegun] = useState(false);
  if (phase === "ready" && !begun) setBegun(true);
  // Later another tab's core may take over: what is on screen, and half written, stays.
  if (phase === "failed" || !begun) return <Boot />;
  const content =
    screen === undefined || route === undefined ? (
      <NotFound />
    ) : (
      <Guard key={path}>
        <Suspense fallback={<Waiting />}>
          <Drawn Screen={screen} params={route.params} />
        </Suspense>
      </Guard>
    );
  return <Door>{route?.bare === true && screen !== undefined ? content : <Shell section={route?.section}>{content}</Shell>}</Door>;
}

function Drawn({ Screen, params }: { Screen: Screen; params: Readonly<Record<string, string>> }): ReactElement {
  return <Screen {...params} />;
}

const loaded = new Map<string, ComponentType<Record<string, string>>>();

function useScreen(name: string | undefined): Screen | undefined {
  return useMemo(() => {
    if (name === undefined) return undefined;
    const known = loaded.get(name);
    if (known !== undefined) return known;
    const loader = load(name);
    if (loader === undefined) return undefined;
    const screen = lazy(loader);
    loaded.set(name, screen);
    return screen;
  }, [name]);
}

function Waiting(): ReactElement {
  return (
    <Page title={m.ui_loading()}>
      <LoadingState faces />
    </Page>
  );
}

function NotFound(): ReactElement {
  return (
    <Page title={m.page_missing()}>
      <EmptyState title={m.page_missing_do()} action={<Button variant="primary" onPress={() => navigate(to.home())}>{m.page_missing_home()}</Button>} />
    </Page>
  );
}

/** A screen that fails takes nothing else with it. */
class Guard extends Component<{ children: ReactNode }, { error: CoreError | undefined }> {
  override state: { error: CoreError | undefined } = { error: undefined };

  static getDerivedStateFromError(thrown: unknown): { error: CoreError } {
    return { error: CoreError.of(thrown) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Page title={m.page_failed()}>
        <p>{m.page_failed_do()}</p>
        <ErrorState error={error} action={<Button onPress={() => location.reload()}>{m.page_reload()}</Button>} />
      </Page>
    );
  }
}
