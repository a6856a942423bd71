/**
 * Before anything is sent: what goes, and to whom. The audience is chosen in
 * words and colour, and the button says it again.
 */
import { useEffect, useMemo, useState, type ReactElement } from "react";
import type { RoomCard } from "../../core/types.gen";
import { MAX_SIZE, mediaTypeOf, sizeWords } from "../../documents/files";
import { canStrip, isPhoto } from "../../documents/prepare";
import { upload } from "../../documents/uploads";
import { m } from "../../paraglide/messages.js";
import { audienceName } from "../../ui/Audience";
import { Button, SendButton } from "../../ui/Button";
import { Radio, RadioGroup } from "../../ui/Choice";
import { Dialog } from "../../ui/Dialog";
import { IconInfo, IconWarning } from "../../ui/icons";
import { Notice } from "../../ui/States";
import { TextField } from "../../ui/TextField";
import { roomTitle } from "../../words/places";
import style from "./Documents.module.css";
import { KindIcon } from "./KindIcon";

export interface ShareProps {
  files: readonly File[];
  /** Where one may share; with one only, nothing is to be chosen. */
  rooms: readonly RoomCard[];
  onClose: () => void;
}

/** Conversations before the items of meetings, each in the order they come. */
const byKind = (rooms: readonly RoomCard[]): RoomCard[] => rooms.toSorted((a, b) => Number(a.kind === "ITEM") - Number(b.kind === "ITEM"));

export function Share({ files, rooms, onClose }: ShareProps): ReactElement {
  const [room, setRoom] = useState<string | null>(rooms.length === 1 ? (rooms[0]?.room ?? null) : null);
  const [caption, setCaption] = useState("");
  const [pressed, setPressed] = useState(false);
  const chosen = rooms.find((one) => one.room === room);
  const good = files.filter((file) => file.size > 0 && file.size <= MAX_SIZE);
  const photos = good.filter((file) => isPhoto(mediaTypeOf(file)));

  const send = (): void => {
    setPressed(true);
    if (chosen === undefined) return;
    for (const file of good) upload(file, { room: chosen.room, title: roomTitle(chosen.title), audience: chosen.audience, people: chosen.people }, caption.trim());
    onClose();
  };

  return (
    <Dialog
      open
      onClose={onClose}
      title={m.doc_share_title({ count: files.length })}
      actions={
        <>
          <Button variant="quiet" onPress={onClose}>
            {m.ui_cancel()}
          </Button>
          {chosen === undefined ? (
            <Button variant="primary" isDisabled={good.length === 0} onPress={send}>
              {m.doc_share()}
            </Button>
          ) : (
            <SendButton audience={chosen.audience} people={chosen.people} isDisabled={good.length === 0} onPress={send} />
          )}
        </>
      }
    >
      <ul className={style["chosen"]}>
        {files.map((file) => (
          <Chosen key={`${file.name} ${String(file.lastModified)} ${String(file.size)}`} file={file} audience={chosen?.audience ?? "NETWORK"} />
        ))}
      </ul>
      {photos.length > 0 && (
        <Notice icon={<IconInfo size={20} />}>
          {photos.every((file) => canStrip(mediaTypeOf(file))) ? m.doc_photo_stripped({ count: photos.length }) : m.doc_photo_converted()}
        </Notice>
      )}
      {rooms.length > 1 && (
        <RadioGroup label={m.doc_audience()} value={room} onChange={setRoom} error={pressed && chosen === undefined ? m.doc_audience_missing() : undefined}>
          {byKind(rooms).map((one) => (
            <Radio key={one.room} value={one.room} card detail={m.audience_line({ audience: audienceName(one.audience), people: m.audience_people({ count: one.people }) })}>
              {roomTitle(one.title)}
            </Radio>
          ))}
        </RadioGroup>
      )}
      <TextField label={m.doc_caption()} need="optional" hint={m.doc_caption_hint()} value={caption} onChange={setCaption} maxLength={500} />
    </Dialog>
  );
}

function Chosen({ file, audience }: { file: File; audience: string }): ReactElement {
  const type = mediaTypeOf(file);
  const problem = file.size === 0 ? m.doc_empty_file() : file.size > MAX_SIZE ? m.doc_too_large({ max: sizeWords(MAX_SIZE) }) : undefined;
  return (
    <li className={style["file"]}>
      {isPhoto(type) && problem === undefined ? <Thumbnail file={file} /> : <KindIcon mediaType={type} audience={audience} />}
      <span className={style["words"]}>
        <span className={style["name"]}>{file.name}</span>
        {problem === undefined ? (
          <span className={style["facts"]}>{sizeWords(file.size)}</span>
        ) : (
          <span className={style["problem"]}>
            <IconWarning size={16} aria-hidden /> {problem}
          </span>
        )}
      </span>
    </li>
  );
}

function Thumbnail({ file }: { file: File }): ReactElement {
  const url = useMemo(() => URL.createObjectURL(file), [file]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return <img src={url} alt="" className={style["thumbnail"]} />;
}
