/** Documents into this conversation: by the button, by drop, by paste. */
import { lazy, Suspense, type ReactElement } from "react";
import type { RoomView } from "../../core/types.gen";
import { m } from "../../paraglide/messages.js";
import { IconButton } from "../../ui/Button";
import { Menu, MenuItem } from "../../ui/Menu";
import { IconCamera } from "../documents/icons";
import { useFiles } from "../documents/useFiles";
import style from "./Composer.module.css";
import { IconAttach, IconFile } from "./icons";

const Share = lazy(() => import("../documents/Share").then(({ Share: component }) => ({ default: component })));

export function Attach({ room, disabled }: { room: RoomView; disabled: boolean }): ReactElement {
  const { files, clear, pick, dragging } = useFiles(!disabled);
  const { audience } = room;
  const here = {
    room: room.room,
    case: room.case,
    kind: room.kind,
    title: room.title,
    audience: audience.code,
    people: audience.members.length,
    unread: 0,
    mention: false,
    at: 0,
    state: room.state,
  };
  return (
    <>
      <Menu label={m.room_attach()} placement="top start" trigger={<IconButton label={m.room_attach()} variant="audience" isDisabled={disabled} icon={<IconAttach size={22} aria-hidden />} />}>
        <MenuItem icon={<IconFile size={18} />} onAction={() => pick("files")}>
          {m.room_attach_file()}
        </MenuItem>
        <MenuItem icon={<IconCamera size={18} />} onAction={() => pick("camera")}>
          {m.room_attach_photo()}
        </MenuItem>
      </Menu>
      {dragging && <p className={style["drop"]}>{m.room_attach_drop()}</p>}
      {files.length > 0 && (
        <Suspense>
          <Share files={files} rooms={[here]} onClose={clear} />
        </Suspense>
      )}
    </>
  );
}
