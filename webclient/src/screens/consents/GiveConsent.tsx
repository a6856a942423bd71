/** Letting somebody in: to what, in what capacity, as the person said it. */
import { lazy, Suspense, useState, type ReactElement } from "react";
import { call } from "../../core/client";
import { useAction } from "../../core/hooks";
import type { ConsentArgs, ConsentRow, ConsentsView, RoomCard } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { audienceName } from "../../ui/Audience";
import { Button } from "../../ui/Button";
import { Checkbox, CheckboxGroup, Radio, RadioGroup } from "../../ui/Choice";
import { Sheet } from "../../ui/Dialog";
import { Select } from "../../ui/Select";
import { ErrorLine, LoadingState } from "../../ui/States";
import { TextArea, TextField } from "../../ui/TextField";
import { toastDone } from "../../ui/Toast";
import { today } from "../../ui/when";
import { basisFor, basisName, categoryName, GIVER_CODES, giverName, RECEIPT_CATEGORIES, WAY_CODES, wayName } from "../../words/consent";
import { inOrder, roomTitle } from "../../words/places";
import { endOfDay, withdrawable } from "./register";

const DateField = lazy(async () => ({ default: (await import("../../ui/DateTime")).DateField }));

type Fields = Omit<ConsentArgs, "case" | "party" | "expires" | "note" | "leaflet"> & { leaflet: string; note: string; until: string | undefined };

/** What is proposed first: what the category usually reads, minus what they read already. */
export function firstRooms(category: string, rooms: readonly RoomCard[], already: ReadonlySet<string>): string[] {
  const usual = rooms.filter((room) => (category === "CARE_TEAM" ? room.kind !== "ITEM" && room.audience !== "FAMILY" : category === "ENTOURAGE" && (room.kind === "DOSSIER" || room.kind === "PLAN" || room.audience === "FAMILY")));
  return usual.map((room) => room.room).filter((room) => !already.has(room));
}

export function GiveConsent({ register, row, onClose }: { register: ConsentsView; row: ConsentRow; onClose: () => void }): ReactElement {
  const { party } = row;
  const already = new Set(withdrawable(row).map((one) => one.room));
  const rooms = inOrder(register.rooms.filter((room) => !already.has(room.room)));
  const [fields, setFields] = useState<Fields>(() => {
    const category = party.category === "PERSON" ? "CARE_TEAM" : party.category;
    return {
      rooms: firstRooms(category, register.rooms, already),
      category,
      basis: basisFor(category),
      given_by: "PERSON",
      date: today(),
      how: "ORAL",
      leaflet: register.leaflet?.version ?? "",
      history: "ALL",
      note: "",
      until: undefined,
    };
  });
  const [tried, setTried] = useState(false);
  const set = (changes: Partial<Fields>): void => setFields((before) => ({ ...before, ...changes }));
  const badDay = fields.until !== undefined && (fields.until === "" || fields.until < today());
  const give = useAction(() => {
    const { until, leaflet, note, ...rest } = fields;
    return call("consent.give", {
      case: register.case,
      party: party.party,
      ...rest,
      ...(until !== undefined && { expires: endOfDay(until) }),
      ...(leaflet.trim() !== "" && { leaflet: leaflet.trim() }),
      ...(note.trim() !== "" && { note: note.trim() }),
    });
  });
  const send = (): void => {
    setTried(true);
    if (fields.rooms.length === 0 || badDay) return;
    void give.run().then((done) => {
      if (!done) return;
      toastDone(m.consent_given_done({ name: party.name }));
      onClose();
    });
  };
  return (
    <Sheet
      open
      onClose={onClose}
      title={m.consent_give_title({ name: party.name })}
      actions={
        <>
          <Button variant="quiet" onPress={onClose}>
            {m.ui_cancel()}
          </Button>
          <Button variant="primary" busy={give.busy} onPress={send}>
            {m.consent_give_do()}
          </Button>
        </>
      }
    >
      <CheckboxGroup
        label={m.consent_rooms({ name: party.name })}
        value={fields.rooms}
        onChange={(chosen) => set({ rooms: chosen })}
        error={tried && fields.rooms.length === 0 ? m.consent_rooms_missing() : undefined}
      >
        {rooms.map((room) => (
          <Checkbox key={room.room} value={room.room} detail={m.audience_line({ audience: audienceName(room.audience), people: m.audience_people({ count: room.people }) })}>
            {roomTitle(room.title)}
          </Checkbox>
        ))}
      </CheckboxGroup>
      <RadioGroup label={m.consent_past()} value={fields.history} onChange={(history) => set({ history })}>
        <Radio value="ALL">{m.consent_past_all()}</Radio>
        <Radio value="NOW">{m.consent_past_now()}</Radio>
      </RadioGroup>
      <Select
        label={m.consent_category()}
        choices={RECEIPT_CATEGORIES.map((id) => ({ id, label: categoryName(id) }))}
        value={fields.category}
        onChange={(category) => category !== null && set({ category, basis: basisFor(category) })}
      />
      <RadioGroup
        label={m.consent_basis()}
        {...(fields.category !== "CARE_TEAM" && { hint: m.consent_basis_law() })}
        value={fields.basis}
        onChange={(basis) => set({ basis })}
      >
        <Radio value="NON_OPPOSITION" disabled={fields.category !== "CARE_TEAM"}>
          {basisName("NON_OPPOSITION")}
        </Radio>
        <Radio value="EXPRESS_CONSENT">{basisName("EXPRESS_CONSENT")}</Radio>
      </RadioGroup>
      <Select label={m.consent_given_by()} choices={GIVER_CODES.map((id) => ({ id, label: giverName(id) }))} value={fields.given_by} onChange={(id) => id !== null && set({ given_by: id })} />
      <Select label={m.consent_how()} choices={WAY_CODES.map((id) => ({ id, label: wayName(id) }))} value={fields.how} onChange={(id) => id !== null && set({ how: id })} />
      <Suspense fallback={<LoadingState lines={1} />}>
        <DateField label={m.consent_date()} value={fields.date} onChange={(date) => set({ date: date === "" ? today() : date })} max={today()} />
      </Suspense>
      <TextField label={m.consent_leaflet()} need="optional" value={fields.leaflet} onChange={(leaflet) => set({ leaflet })} />
      <RadioGroup label={m.consent_until()} value={fields.until === undefined ? "OPEN" : "DATE"} onChange={(code) => set({ until: code === "OPEN" ? undefined : "" })}>
        <Radio value="OPEN">{m.consent_until_open()}</Radio>
        <Radio value="DATE">{m.consent_until_date()}</Radio>
      </RadioGroup>
      {fields.until !== undefined && (
        <Suspense fallback={<LoadingState lines={1} />}>
          <DateField label={m.consent_until_day()} value={fields.until} onChange={(until) => set({ until })} min={today()} error={tried && badDay ? m.consent_until_missing() : undefined} />
        </Suspense>
      )}
      <TextArea label={m.consent_note()} need="optional" hint={m.consent_note_hint()} value={fields.note} onChange={(note) => set({ note })} rows={2} />
      {give.error !== undefined && <ErrorLine error={give.error} />}
    </Sheet>
  );
}
