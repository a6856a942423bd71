/** How a message of mine stands: on its way, sent, read by whom, or not sent. */
import type { ReactElement } from "react";
import { Button as AriaButton } from "react-aria-components";
import { explain } from "../../core/errors";
import type { RoomItem } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Button } from "../../ui/Button";
import { IconHarm } from "../../ui/icons";
import { Popover } from "../../ui/Menu";
import { IconClock, IconRead, IconSent } from "./icons";
import type { MessageActs } from "./acts";
import style from "./Message.module.css";

export function Standing({ item, others, acts }: { item: RoomItem; others: number; acts: MessageActs }): ReactElement {
  if (item.delivery === "FAILED")
    return (
      <div className={style["failed"]} role="alert">
        <p>
          <IconHarm size={18} aria-hidden />
          <span>
            {m.room_failed({ why: explain(item.why ?? "unavailable").title })} {explain(item.why ?? "unavailable").advice}
          </span>
        </p>
        <span className={style["failedActs"]}>
          <Button small onPress={() => acts.retry(item)}>
            {m.room_retry()}
          </Button>
          <Button small variant="quiet" onPress={() => acts.discard(item)}>
            {m.room_discard()}
          </Button>
        </span>
      </div>
    );
  if (item.delivery === "SENDING" || item.seq === 0)
    return (
      <p className={style["standing"]}>
        <IconClock size={14} aria-hidden /> {m.room_sending()}
      </p>
    );
  const read = item.read_by.length;
  if (read === 0)
    return (
      <p className={style["standing"]}>
        <IconSent size={14} aria-hidden /> {m.room_sent()}
      </p>
    );
  return (
    <Popover
      label={m.room_read_title()}
      trigger={
        <AriaButton className={style["readBy"] ?? ""}>
          <IconRead size={15} aria-hidden /> {read >= others ? m.room_read_by_all() : m.room_read_by({ count: read })}
        </AriaButton>
      }
    >
      <h2 className={style["popTitle"]}>{m.room_read_title()}</h2>
      <ul>
        {item.read_by.map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ul>
    </Popover>
  );
}
