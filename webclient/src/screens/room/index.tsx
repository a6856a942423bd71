/** A conversation: what was said, who reads it, and where one writes. */
import { useState, type ReactElement } from "react";
import { Page } from "../../app/Page";
import { usePlace } from "../../app/router";
import { to } from "../../app/routes";
import { call } from "../../core/client";
import { explain } from "../../core/errors";
import { useAction, useView } from "../../core/hooks";
import type { RoomItem, RoomView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { AudienceBadge } from "../../ui/Audience";
import { Confirm } from "../../ui/Dialog";
import { IconInfo, IconWarning } from "../../ui/icons";
import { Notice } from "../../ui/States";
import { toast, toastError } from "../../ui/Toast";
import { sayAll } from "../../words/lists";
import { roomTitle } from "../../words/places";
import { Uploads } from "../documents/Uploads";
import { Loaded } from "../Loaded";
import { Who } from "../Who";
import { Composer, type Mode } from "./Composer";
import type { MessageActs } from "./acts";
import style from "./Room.module.css";
import { Security } from "./Security";
import { lastOfMine } from "./timeline";
import { Timeline } from "./Timeline";
import { useSeek } from "./useSeek";

export default function Room({ id = "" }: Readonly<Record<string, string>>): ReactElement {
  const room = useView("room", { room: id });
  return (
    <Loaded view={room} title={m.room_tab()} parent={to.home()}>
      {(value) => <Ready key={id} room={value} />}
    </Loaded>
  );
}

const NEW: Mode = { kind: "new" };

function Ready({ room }: { room: RoomView }): ReactElement {
  const { query } = usePlace();
  const [mode, setMode] = useState<Mode>(NEW);
  const [retracting, setRetracting] = useState<RoomItem>();
  const retract = useAction((target: string) => call("room.retract", { room: room.room, target }));
  const { sought, seek } = useSeek(room, query.get("at") ?? undefined);
  const acts = useActs(room.room, setMode, setRetracting, seek);
  const title = roomTitle(room.title);
  const person = room.person ?? "";
  return (
    <Page
      title={title}
      tab={m.room_tab()}
      parent={room.case === "" ? to.home() : to.case(room.case)}
      under={
        <>
          <AudienceBadge code={room.audience.code} people={room.audience.members.length} members={room.audience.members} />
          {room.case !== "" && person !== "" && <a href={to.case(room.case)}>{m.room_of({ person })}</a>}
        </>
      }
      who={
        <Who audience={room.audience} items={room.items}>
          {room.can.manage_consents && room.case !== "" && <a href={to.consents(room.case)}>{m.who_manage()}</a>}
          <Security room={room} />
        </Who>
      }
      foot={
        <Foot
          room={room}
          mode={mode}
          onDone={() => setMode(NEW)}
          onEditLast={() => {
            const item = lastOfMine(room.items);
            if (item !== undefined) setMode({ kind: "edit", item });
          }}
        />
      }
    >
      <div data-audience={room.audience.code} className={style["conversation"]}>
        <State room={room} />
        <Timeline room={room} acts={acts} sought={sought} />
      </div>
      <Confirm
        open={retracting !== undefined}
        onClose={() => setRetracting(undefined)}
        title={m.room_retract_title()}
        act={m.room_retract()}
        danger
        busy={retract.busy}
        error={retract.error}
        onConfirm={() => {
          if (retracting === undefined) return;
          void retract.run(retracting.id).then((done) => {
            if (done) setRetracting(undefined);
          });
        }}
      >
        <p>{m.room_retract_effect()}</p>
      </Confirm>
    </Page>
  );
}

/** What can be done with a message; the same object for the life of the screen. */
function useActs(room: string, setMode: (mode: Mode) => void, setRetracting: (item: RoomItem) => void, seek: (id: string) => void): MessageActs {
  const [acts] = useState<MessageActs>(() => ({
    reply: (item) => setMode({ kind: "reply", to: item }),
    edit: (item) => setMode({ kind: "edit", item }),
    retract: setRetracting,
    jump: seek,
    copy: (item) => {
      navigator.clipboard.writeText(item.text ?? "").then(() => toast(m.room_copied()), toastError);
    },
    retry: (item) => void call("room.retry", { room, target: item.id }).catch(toastError),
    discard: (item) => void call("room.discard", { room, target: item.id }).catch(toastError),
  }));
  return acts;
}

function State({ room }: { room: RoomView }): ReactElement | null {
  const icon = <IconInfo size={22} />;
  if (room.state === "FORKED")
    return (
      <Notice tone="harm" icon={<IconWarning size={22} />}>
        {m.room_state_forked()}
      </Notice>
    );
  if (room.state === "JOINING") return <Notice icon={icon}>{m.room_state_joining()}</Notice>;
  if (room.state === "AWAITING_HISTORY") return <Notice icon={icon}>{m.room_state_history()}</Notice>;
  return null;
}

function Foot({ room, mode, onDone, onEditLast }: { room: RoomView; mode: Mode; onDone: () => void; onEditLast: () => void }): ReactElement {
  if (room.state === "ENDED")
    return (
      <Notice tone="warm" icon={<IconInfo size={22} />}>
        <strong>{m.room_state_ended()}.</strong> {m.room_state_ended_do()}
      </Notice>
    );
  if (!room.can.write || room.state === "FORKED" || room.state === "JOINING") {
    const why = explain(room.state === "FORKED" ? "forked" : room.state === "JOINING" ? "unavailable" : (room.can.why_not ?? "not_allowed"));
    return (
      <Notice icon={<IconInfo size={22} />}>
        {room.state === "JOINING" ? m.room_state_joining() : `${why.title}. ${why.advice}`}
      </Notice>
    );
  }
  return (
    <div className={style["foot"]}>
      <Uploads rooms={[room.room]} />
      {room.removal_pending.length > 0 && <Notice tone="warm">{m.room_removal({ names: sayAll(room.removal_pending) })}</Notice>}
      <Composer room={room} mode={mode} onDone={onDone} onEditLast={onEditLast} />
    </div>
  );
}
