/** One message: whose, what it answers, its text, how it stands. */
import { memo, type ReactElement } from "react";
import type { Quote, RoomItem } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { Avatar } from "../../ui/Avatar";
import { IconButton } from "../../ui/Button";
import { cx } from "../../ui/cx";
import { IconDelete, IconEdit, IconMore, IconReply, IconRetry } from "../../ui/icons";
import { Menu, MenuItem } from "../../ui/Menu";
import { VisuallyHidden } from "../../ui/VisuallyHidden";
import { timeOfDay, whenFull } from "../../ui/when";
import { DocumentCard } from "../documents/DocumentCard";
import { IconCopy } from "./icons";
import type { Named } from "./mentions";
import style from "./Message.module.css";
import { Standing } from "./Standing";
import { MessageText } from "./Text";
import type { MessageActs } from "./acts";
import { Former } from "./Former";

export interface MessageProps {
  item: RoomItem;
  /** Begins what one says: face, name and time. */
  first: boolean;
  people: readonly Named[];
  me: string | undefined;
  /** How many others read this room. */
  others: number;
  mayWrite: boolean;
  /** Shown for a moment after a jump. */
  sought: boolean;
  acts: MessageActs;
}

export const Message = memo(function Message({ item, first, people, me, others, mayWrite, sought, acts }: MessageProps): ReactElement {
  const { mine, name, retracted } = item;
  const time = timeOfDay(item.at);
  return (
    <li id={`item-${item.id}`} tabIndex={-1} className={cx(style["said"], mine && style["mine"], first && style["first"], sought && style["sought"])}>
      {!mine && <span className={style["face"]}>{first && <Avatar name={name} id={item.by} size="m" />}</span>}
      <article className={style["column"]} aria-label={m.room_message_of({ name: mine ? m.member_me() : name, time })}>
        {first && (
          <header className={style["head"]}>
            {!mine && <span className={style["name"]}>{name}</span>}
            <time className={style["time"]} dateTime={new Date(item.at).toISOString()} title={whenFull(item.at)}>
              {time}
            </time>
          </header>
        )}
        <div className={style["line"]}>
          <div className={cx(style["bubble"], retracted && style["retracted"])}>
            {retracted ? (
              <p>{mine ? m.room_retracted_mine() : m.room_retracted({ name })}</p>
            ) : (
              <>
                {item.reply_to !== undefined && <Quoted quote={item.reply_to} onJump={acts.jump} />}
                {item.document !== undefined && <DocumentCard document={item.document} compact />}
                {item.text !== undefined && item.text !== "" && <MessageText text={item.text} people={people} me={me} />}
                {item.edited.length > 0 && <Former versions={item.edited} />}
              </>
            )}
          </div>
          {!retracted && <Acts item={item} mayWrite={mayWrite} acts={acts} />}
        </div>
        {mine && !retracted && <Standing item={item} others={others} acts={acts} />}
      </article>
    </li>
  );
});

function Quoted({ quote, onJump }: { quote: Quote; onJump: (id: string) => void }): ReactElement {
  const text = quote.retracted ? m.room_quote_gone() : quote.text === "" ? m.room_quote_unknown() : quote.text;
  return (
    <button type="button" className={style["quote"]} onClick={() => onJump(quote.id)}>
      <span className={style["quoteName"]}>{quote.name}</span>
      <span className={cx(style["quoteText"], quote.retracted && style["gone"])}>{text}</span>
      <VisuallyHidden>{m.room_quote_jump()}</VisuallyHidden>
    </button>
  );
}

function Acts({ item, mayWrite, acts }: { item: RoomItem; mayWrite: boolean; acts: MessageActs }): ReactElement | null {
  if (item.delivery === "SENDING") return null;
  const settled = item.delivery === "SENT" && item.seq > 0;
  return (
    <div className={style["acts"]}>
      {settled && mayWrite && (
        <span className={style["quick"]}>
          <IconButton label={m.room_reply()} icon={<IconReply size={20} aria-hidden />} onPress={() => acts.reply(item)} />
        </span>
      )}
      <Menu label={m.room_actions({ name: item.name })} trigger={<IconButton label={m.room_actions({ name: item.name })} icon={<IconMore size={20} aria-hidden />} />}>
        {settled && mayWrite && (
          <MenuItem icon={<IconReply size={18} />} onAction={() => acts.reply(item)}>
            {m.room_reply()}
          </MenuItem>
        )}
        {item.text !== undefined && item.text !== "" && (
          <MenuItem icon={<IconCopy size={18} />} onAction={() => acts.copy(item)}>
            {m.room_copy()}
          </MenuItem>
        )}
        {settled && item.mine && mayWrite && item.kind === "MESSAGE" && (
          <MenuItem icon={<IconEdit size={18} />} onAction={() => acts.edit(item)}>
            {m.room_edit()}
          </MenuItem>
        )}
        {settled && item.mine && mayWrite && (
          <MenuItem icon={<IconDelete size={18} />} danger onAction={() => acts.retract(item)}>
            {m.room_retract()}
          </MenuItem>
        )}
        {item.delivery === "FAILED" && (
          <MenuItem icon={<IconRetry size={18} />} onAction={() => acts.retry(item)}>
            {m.room_retry()}
          </MenuItem>
        )}
        {item.delivery === "FAILED" && (
          <MenuItem icon={<IconDelete size={18} />} danger onAction={() => acts.discard(item)}>
            {m.room_discard()}
          </MenuItem>
        )}
      </Menu>
    </div>
  );
}
