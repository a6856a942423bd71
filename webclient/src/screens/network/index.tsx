/** The network's directory: people by name and role. It opens no case. */
import { useState, type ReactElement } from "react";
import { Page } from "../../app/Page";
import { useView } from "../../core/hooks";
import type { NetworkView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Avatar } from "../../ui/Avatar";
import { Chip } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { IconNetwork, IconSearch } from "../../ui/icons";
import { List, Row } from "../../ui/List";
import { Select } from "../../ui/Select";
import { EmptyState } from "../../ui/States";
import { SearchField } from "../../ui/TextField";
import { kindName, roleName } from "../../words/roles";
import { Loaded } from "../Loaded";
import { found, ofTheNetwork, rolesOf } from "./find";
import style from "./Network.module.css";

export default function Network(): ReactElement {
  const view = useView("network");
  return <Loaded view={view} title={m.network_title()}>{(value) => <Ready network={value} />}</Loaded>;
}

const ALL = "ALL";

function Ready({ network }: { network: NetworkView }): ReactElement {
  const [typed, setTyped] = useState("");
  const [role, setRole] = useState(ALL);
  const members = ofTheNetwork(network.members);
  const shown = found(members, typed, role === ALL ? undefined : role);
  return (
    <Page title={m.network_title()}>
      {members.length === 0 ? (
        <EmptyState icon={<IconNetwork size={28} />} title={m.network_empty()}>
          {m.network_empty_do()}
        </EmptyState>
      ) : (
        <>
          <p className={style["lead"]}>{m.network_lead()}</p>
          <div className={style["filters"]}>
            <SearchField label={m.network_find()} placeholder={m.network_find()} value={typed} onChange={setTyped} />
            <Select
              label={m.network_role()}
              hideLabel
              choices={[{ id: ALL, label: m.network_role_all() }, ...rolesOf(members).map((code) => ({ id: code, label: roleName(code) }))]}
              value={role}
              onChange={(code) => setRole(code ?? ALL)}
            />
          </div>
          <p className={style["count"]} role="status">
            {m.network_count({ count: shown.length })}
          </p>
          {shown.length === 0 ? (
            <EmptyState
              icon={<IconSearch size={28} />}
              title={m.network_none()}
              action={
                <Button
                  onPress={() => {
                    setTyped("");
                    setRole(ALL);
                  }}
                >
                  {m.network_reset()}
                </Button>
              }
            >
              {m.network_none_do()}
            </EmptyState>
          ) : (
            <List label={m.network_title()}>
              {shown.map((row) => (
                <Row
                  key={row.user}
                  leading={<Avatar name={row.name} id={row.user} />}
                  title={row.name}
                  detail={[roleName(row.role), row.organisation ?? ""].filter((s) => s !== "").join(" · ")}
                  {...(row.kind !== "PROFESSIONAL" && { meta: <Chip>{kindName(row.kind)}</Chip> })}
                />
              ))}
            </List>
          )}
        </>
      )}
    </Page>
  );
}
