/** Every case I take part in. */
import { useState, type ReactElement } from "react";
import { Page } from "../../app/Page";
import { useView } from "../../core/hooks";
import type { HomeView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { IconCases } from "../../ui/icons";
import { List } from "../../ui/List";
import { EmptyState } from "../../ui/States";
import { SearchField } from "../../ui/TextField";
import { matches } from "../../words/lists";
import { CaseRow, OpenCase } from "../home/Lists";
import { Loaded } from "../Loaded";

/** From how many cases on one looks for a name. */
const MANY = 6;

export default function Cases(): ReactElement {
  const home = useView("home");
  return <Loaded view={home} title={m.cases_title()}>{(value) => <Ready home={value} />}</Loaded>;
}

function Ready({ home }: { home: HomeView }): ReactElement {
  const [typed, setTyped] = useState("");
  const { cases, can_open_case: mayOpen } = home;
  const shown = cases.filter((one) => matches(one.person, typed));
  return (
    <Page title={m.cases_title()} {...(mayOpen && cases.length > 0 && { actions: <OpenCase /> })}>
      {cases.length === 0 && (
        <EmptyState icon={<IconCases size={28} />} title={m.home_cases_none()} {...(mayOpen && { action: <OpenCase primary /> })}>
          {mayOpen ? m.home_cases_none_open() : m.home_cases_none_do()}
        </EmptyState>
      )}
      {cases.length >= MANY && <SearchField label={m.cases_filter()} placeholder={m.cases_filter()} value={typed} onChange={setTyped} />}
      {cases.length > 0 && shown.length === 0 && <EmptyState title={m.cases_filter_none()} />}
      {shown.length > 0 && (
        <List label={m.cases_title()}>
          {shown.map((one) => (
            <CaseRow key={one.case} one={one} />
          ))}
        </List>
      )}
    </Page>
  );
}
