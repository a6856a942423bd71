/** Home: what waits for me first, then meetings, then cases. */
import { useState, type ReactElement } from "react";
import { Page } from "../../app/Page";
import { useView } from "../../core/hooks";
import type { HomeView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { SearchField } from "../../ui/TextField";
import { useNow } from "../../ui/When";
import { Loaded } from "../Loaded";
import { greetingName } from "./work";
import { Cases, Meetings, Threads, Worklist } from "./Lists";
import { Results } from "./Results";
import style from "./Home.module.css";

export default function Home(): ReactElement {
  const home = useView("home");
  return <Loaded view={home} title={m.nav_home()}>{(value) => <Ready home={value} />}</Loaded>;
}

function Ready({ home }: { home: HomeView }): ReactElement {
  const status = useView("status");
  const me = status.state === "ready" ? status.value.me : undefined;
  const now = useNow();
  const [typed, setTyped] = useState("");
  const name = greetingName(me?.name ?? "");
  const evening = new Date(now).getHours() >= 18;
  const hello = name === "" ? m.nav_home() : evening ? m.home_hello_evening({ name }) : m.home_hello_morning({ name });
  return (
    <Page title={hello} tab={m.nav_home()}>
      <SearchField label={m.home_search()} placeholder={m.home_search()} value={typed} onChange={setTyped} />
      {typed.trim() === "" ? (
        <div className={style["sections"]}>
          <Worklist work={home.worklist} />
          <Meetings meetings={home.meetings} />
          <Threads threads={home.threads} />
          <Cases cases={home.cases} mayOpen={home.can_open_case} own={me?.kind === "PERSON"} />
        </div>
      ) : (
        <Results typed={typed} />
      )}
    </Page>
  );
}
