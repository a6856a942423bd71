/** The draft of an item's minutes, shared with whoever has it open. */
import { useEffect, useMemo, useState } from "react";
import { Coedit, type CoeditState } from "../../coedit/session";
import { fromBase64, toBase64 } from "../../coedit/base64";
import { call, onLive } from "../../core/client";
import { useView } from "../../core/hooks";
import type { ItemView } from "../../core/types.gen";

const KEYS = new Set(["JOINED", "LEFT", "KEYS_CHANGED", "CONSENT_WITHDRAWN"]);

/** What changes whenever the room's keys may have changed: who is in, and the last entry or exit. */
function keysMark(item: ItemView): string {
  const last = item.chat.items.findLast((row) => KEYS.has(row.kind));
  return `${String(last?.seq ?? 0)} ${item.audience.members.map((one) => one.user).join(" ")}`;
}

export interface SharedDraft extends CoeditState {
  readonly coedit: Coedit;
}

export function useCoedit(item: ItemView): SharedDraft | undefined {
  const { room } = item;
  const status = useView("status");
  const online = status.state === "ready" && status.value.online;
  const [coedit, setCoedit] = useState<Coedit>();
  const [state, setState] = useState<CoeditState>({ others: [], kept: "idle" });

  useEffect(() => {
    const made: Coedit = new Coedit(
      {
        say: (kind, payload) => call("minutes.update", { room, kind, update: toBase64(payload) }),
        keep: (payload) => call("minutes.snapshot", { room, update: toBase64(payload) }),
        setTimeout: (act, milliseconds) => setTimeout(act, milliseconds),
        clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
        now: () => Date.now(),
      },
      () => setState(made.state),
    );
    const stop = onLive("coedit", (event) => {
      if (event.room === room) made.hear(event.kind, fromBase64(event.update), event.by);
    });
    made.open();
    // oxlint-disable-next-line react/set-state-in-effect -- it lives as long as the screen
    setCoedit(made);
    const leave = (): void => void made.flush();
    addEventListener("pagehide", leave);
    return () => {
      removeEventListener("pagehide", leave);
      stop();
      made.close();
    };
  }, [room]);

  const { snapshot } = item.minutes;
  useEffect(() => {
    if (snapshot !== undefined && snapshot !== "") coedit?.load(fromBase64(snapshot));
  }, [coedit, snapshot]);

  const mark = keysMark(item);
  useEffect(() => {
    if (online) coedit?.compare();
  }, [coedit, mark, online]);

  return useMemo(() => (coedit === undefined ? undefined : { coedit, ...state }), [coedit, state]);
}
