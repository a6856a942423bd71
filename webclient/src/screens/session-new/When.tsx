/** Date, time and zone of a session, and how long its items take together. */
import type { ReactElement } from "react";
import { m } from "../../paraglide/messages.js";
import { languageTag, usePreferences } from "../../state/preferences";
import { DateField, TimeField } from "../../ui/DateTime";
import { Select } from "../../ui/Select";
import { useNow } from "../../ui/When";
import { civilDate, timeOfDay } from "../../ui/when";
import { instantOf, totalMinutes, type Form } from "./form";
import style from "./Plan.module.css";

/** Where French health networks are, and the reader. */
const ZONES = ["Europe/Paris", "America/Martinique", "America/Guadeloupe", "America/Cayenne", "Indian/Reunion", "Indian/Mayotte", "Pacific/Noumea", "Pacific/Tahiti"];

/** Places whose name in the time zone database is not how they are written. */
const PLACES: Readonly<Record<string, string>> = { "Indian/Reunion": "La Réunion", "Pacific/Noumea": "Nouméa" };

const own = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

export function When({ form, onChange, error }: { form: Form; onChange: (change: Partial<Form>) => void; error: string | undefined }): ReactElement {
  const locale = usePreferences((p) => p.locale);
  const now = useNow();
  const zones = [...new Set([own(), form.zone, ...ZONES])].map((id) => ({ id, label: zoneWords(id, languageTag(locale)) }));
  const starts = instantOf(form.date, form.time, form.zone);
  return (
    <div className={style["when"]}>
      <div className={style["dateTime"]}>
        <DateField label={m.session_date()} value={form.date} onChange={(date) => onChange({ date })} min={civilDate(now)} error={error} />
        <TimeField label={m.session_time()} value={form.time} onChange={(time) => onChange({ time })} />
        <Select label={m.session_zone()} choices={zones} value={form.zone} onChange={(zone) => onChange({ zone: zone ?? form.zone })} />
      </div>
      {starts !== undefined && <p className={style["note"]}>{m.session_lasts({ from: timeOfDay(starts, form.zone), to: timeOfDay(starts + totalMinutes(form.items) * 60_000, form.zone), count: totalMinutes(form.items) })}</p>}
    </div>
  );
}

/** "Martinique, heure normale de l’Atlantique (UTC−4)": two places may share an hour's name. */
function zoneWords(zone: string, tag: string): string {
  const part = (name: "longGeneric" | "shortOffset"): string =>
    new Intl.DateTimeFormat(tag, { timeZone: zone, timeZoneName: name }).formatToParts(Date.now()).find((p) => p.type === "timeZoneName")?.value ?? zone;
  const place = PLACES[zone] ?? zone.split("/").at(-1)?.replaceAll("_", " ") ?? zone;
  return `${place}, ${part("longGeneric")} (${part("shortOffset")})`;
}
