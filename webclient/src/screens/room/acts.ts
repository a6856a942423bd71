/** What one can do with a message. */
import type { RoomItem } from "../../core/types.gen";

export interface MessageActs {
  readonly reply: (item: RoomItem) => void;
  readonly edit: (item: RoomItem) => void;
  readonly retract: (item: RoomItem) => void;
  readonly copy: (item: RoomItem) => void;
  readonly jump: (id: string) => void;
  readonly retry: (item: RoomItem) => void;
  readonly discard: (item: RoomItem) => void;
}
