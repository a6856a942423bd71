/** The person's identity: for a new case, and for correcting it. */
import { lazy, Suspense, type ReactElement } from "react";
import type { CoreError } from "../../core/errors";
import type { IdentityFields } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Select } from "../../ui/Select";
import { LoadingState } from "../../ui/States";
import { TextField } from "../../ui/TextField";
import { today } from "../../ui/when";
import style from "./CaseNew.module.css";
import { lookAtINS } from "./ins";

const DateField = lazy(async () => ({ default: (await import("../../ui/DateTime")).DateField }));

/** Which field of the identity an error of the core is about. */
export function wrongField(error: CoreError | undefined): string | undefined {
  if (error?.code !== "invalid" || error.field === undefined) return undefined;
  const field = error.field.replace(/^person\./u, "");
  return FIELDS.has(field) ? field : undefined;
}

const FIELDS: ReadonlySet<string> = new Set(["family_name", "given_name", "usual_name", "birth_date", "sex", "ins", "phone", "address"]);

export interface IdentityFormProps {
  value: IdentityFields;
  onChange: (value: IdentityFields) => void;
  /** The field that the core refused. */
  wrong: string | undefined;
  /** Shows what is missing: after one tried to go on. */
  tried?: boolean;
}

export function IdentityForm({ value, onChange, wrong, tried = false }: IdentityFormProps): ReactElement {
  const set = (changes: Partial<IdentityFields>): void => onChange({ ...value, ...changes });
  const look = lookAtINS(value.ins ?? "");
  const refused = (field: string): string | undefined => (wrong === field ? m.error_invalid_do() : undefined);
  const nameMissing = tried && (value.family_name.trim() === "" || value.given_name.trim() === "");
  return (
    <div className={style["form"]}>
      <div className={style["two"]}>
        <TextField
          label={m.case_given_name()}
          need="required"
          value={value.given_name}
          onChange={(given_name) => set({ given_name })}
          autoComplete="off"
          error={nameMissing && value.given_name.trim() === "" ? m.newcase_name_missing() : refused("given_name")}
        />
        <TextField
          label={m.case_family_name()}
          need="required"
          value={value.family_name}
          onChange={(family_name) => set({ family_name })}
          autoComplete="off"
          error={nameMissing && value.family_name.trim() === "" ? m.newcase_name_missing() : refused("family_name")}
        />
        <TextField label={m.case_usual_name()} need="optional" value={value.usual_name ?? ""} onChange={(usual_name) => set({ usual_name })} autoComplete="off" error={refused("usual_name")} />
        <Suspense fallback={<LoadingState lines={1} />}>
          <DateField
            label={m.case_birth_date()}
            need="required"
            value={value.birth_date}
            onChange={(birth_date) => set({ birth_date })}
            max={today()}
            error={tried && value.birth_date === "" ? m.newcase_birth_missing() : refused("birth_date")}
          />
        </Suspense>
        <Select
          label={m.case_sex()}
          need="optional"
          choices={[
            { id: "F", label: m.case_sex_f() },
            { id: "M", label: m.case_sex_m() },
            { id: "U", label: m.case_sex_u() },
          ]}
          value={value.sex ?? ""}
          onChange={(sex) => set({ sex: sex ?? "" })}
        />
        <TextField label={m.case_phone()} need="optional" type="tel" inputMode="tel" value={value.phone ?? ""} onChange={(phone) => set({ phone })} autoComplete="off" error={refused("phone")} />
      </div>
      <TextField
        label={m.case_ins()}
        need="optional"
        hint={m.newcase_ins_hint()}
        inputMode="numeric"
        autoComplete="off"
        value={value.ins ?? ""}
        onChange={(ins) => set({ ins })}
        error={look.state === "wrong" || wrong === "ins" ? m.newcase_ins_wrong() : look.state === "long" ? m.newcase_ins_long() : undefined}
      />
      <p className={style["look"]} aria-live="polite">
        {look.state === "short" && m.newcase_ins_length({ count: look.missing })}
        {look.state === "fits" && wrong !== "ins" && <span className={style["fits"]}>{m.newcase_ins_fits()}</span>}
      </p>
      <TextField label={m.case_address()} need="optional" value={value.address ?? ""} onChange={(address) => set({ address })} autoComplete="off" error={refused("address")} />
    </div>
  );
}
