/** Who is in, who waits, who is out; the chair lets people in and takes them out. */
import { useState, type ReactElement } from "react";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import type { ItemView, SessionPerson, SessionView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Avatar } from "../../ui/Avatar";
import { Button, IconButton } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { IconDone, IconInfo } from "../../ui/icons";
import { List, Row } from "../../ui/List";
import { ErrorLine, Notice } from "../../ui/States";
import { sayAll } from "../../words/lists";
import { dutyName, quorumMissing } from "../../words/rcp";
import { roleName } from "../../words/roles";
import { IconAdmit, IconHand, IconRemove } from "./icons";
import style from "./Panels.module.css";
import { admissible, nextItem, presenceOf, runningItem } from "./people";

export function Waiting({ session }: { session: SessionView }): ReactElement | null {
  const { waiting } = presenceOf(session);
  const item = runningItem(session) ?? nextItem(session);
  const all = admissible(session);
  const admit = useAction(async (users: readonly string[]) => {
    for (const user of users) await call("rcp.admit", { session: session.session, user });
  });
  const others = waiting.filter((one) => one.user !== session.me.user);
  if (others.length === 0) return null;
  return (
    <section className={style["part"]} aria-labelledby="live-waiting">
      <h3 id="live-waiting" className={style["partTitle"]}>
        {m.live_waiting({ count: others.length })}
      </h3>
      <List label={m.live_waiting({ count: others.length })} plain>
        {others.map((one) => {
          const invited = item?.invited.includes(one.user) ?? true;
          return (
            <Row
              key={one.user}
              leading={<Avatar name={one.name} id={one.user} online={one.online} />}
              title={one.name}
              detail={invited ? roleName(one.role) : m.live_not_this_item()}
              {...(session.can.chair &&
                invited && {
                  actions: (
                    <Button small variant="primary" icon={<IconAdmit size={18} />} busy={admit.busy} aria-label={m.live_admit_name({ name: one.name })} onPress={() => void admit.run([one.user])}>
                      {m.live_admit()}
                    </Button>
                  ),
                })}
            />
          );
        })}
      </List>
      {session.can.chair && all.length > 1 && (
        <Button wide busy={admit.busy} icon={<IconAdmit size={18} />} onPress={() => void admit.run(all.map((one) => one.user))}>
          {m.live_admit_all({ count: all.length })}
        </Button>
      )}
      {admit.error !== undefined && <ErrorLine error={admit.error} />}
    </section>
  );
}

export function Present({ session }: { session: SessionView }): ReactElement {
  const { inside, others } = presenceOf(session);
  const item = runningItem(session);
  const [taking, setTaking] = useState<SessionPerson>();
  const remove = useAction(async (user: string) => {
    await call("rcp.remove", { session: session.session, user });
    setTaking(undefined);
  });
  return (
    <>
      {inside.length > 0 && (
        <section className={style["part"]} aria-labelledby="live-inside">
          <h3 id="live-inside" className={style["partTitle"]}>
            {m.live_inside({ count: inside.length })}
          </h3>
          <List label={m.live_inside({ count: inside.length })} plain>
            {inside.map((one) => (
              <Person
                key={one.user}
                one={one}
                session={session}
                {...(session.can.chair &&
                  one.user !== session.me.user && {
                    actions: <IconButton label={m.live_remove_name({ name: one.name })} variant="danger" icon={<IconRemove size={20} aria-hidden />} onPress={() => setTaking(one)} />,
                  })}
              />
            ))}
          </List>
        </section>
      )}
      {others.length > 0 && (
        <section className={style["part"]} aria-labelledby="live-outside">
          <h3 id="live-outside" className={style["partTitle"]}>
            {m.live_outside({ count: others.length })}
          </h3>
          <List label={m.live_outside({ count: others.length })} plain>
            {others.map((one) => (
              <Person key={one.user} one={one} session={session} {...(item !== undefined && !item.invited.includes(one.user) && { why: m.live_not_this_item() })} />
            ))}
          </List>
        </section>
      )}
      <Confirm
        open={taking !== undefined}
        onClose={() => setTaking(undefined)}
        title={m.live_remove_title({ name: taking?.name ?? "" })}
        act={m.live_remove()}
        danger
        busy={remove.busy}
        error={remove.error}
        onConfirm={() => {
          if (taking !== undefined) void remove.run(taking.user);
        }}
      >
        <p>{m.live_remove_effect()}</p>
      </Confirm>
    </>
  );
}

function Person({ one, session, why, actions }: { one: SessionPerson; session: SessionView; why?: string; actions?: ReactElement }): ReactElement {
  return (
    <Row
      leading={<Avatar name={one.name} id={one.user} online={one.online} />}
      title={one.user === session.me.user ? `${one.name} (${m.member_me()})` : one.name}
      detail={
        <>
          {roleName(one.role)}
          {one.duty !== "PARTICIPANT" && one.duty !== "" && ` · ${dutyName(one.duty)}`}
          {why !== undefined && ` · ${why}`}
          {why === undefined && one.lobby === "ADMITTED" && ` · ${m.live_may_enter()}`}
        </>
      }
      {...(actions !== undefined && { actions })}
    />
  );
}

/** One queue, first come first. */
export function Hands({ session, hands }: { session: SessionView; hands: readonly string[] }): ReactElement | null {
  const names = hands.flatMap((user) => session.participants.find((one) => one.user === user)?.name ?? []);
  if (names.length === 0) return null;
  return (
    <section className={style["part"]} aria-labelledby="live-hands">
      <h3 id="live-hands" className={style["partTitle"]}>
        <IconHand size={18} aria-hidden /> {m.live_hands()}
      </h3>
      <ol className={style["hands"]}>
        {names.map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ol>
    </section>
  );
}

export function Quorum({ session, item }: { session: SessionView; item: ItemView }): ReactElement {
  const missing = quorumMissing(item.quorum, session.type);
  if (item.quorum.reached)
    return (
      <Notice tone="done" icon={<IconDone size={20} />}>
        {m.live_quorum({ count: item.attendance.length })}
      </Notice>
    );
  return (
    <Notice icon={<IconInfo size={20} />}>
      <p>
        <strong>{m.live_quorum_not()}</strong> {sayAll(missing)}
      </p>
    </Notice>
  );
}
