/**
 * Every icon of the interface, imported singly, under the name of what it means
 * here. Icons beside words are decoration; an icon alone is an IconButton's, whose
 * label says what it does.
 */
export { default as IconHome } from "lucide-react/icons/house";
export { default as IconCases } from "lucide-react/icons/folder-open";
export { default as IconAgenda } from "lucide-react/icons/calendar-days";
export { default as IconNetwork } from "lucide-react/icons/network";
export { default as IconSettings } from "lucide-react/icons/settings";
export { default as IconWho } from "lucide-react/icons/users-round";

export { default as IconTeam } from "lucide-react/icons/users-round";
export { default as IconFamily } from "lucide-react/icons/heart-handshake";
export { default as IconItem } from "lucide-react/icons/messages-square";
export { default as IconPlan } from "lucide-react/icons/sprout";
export { default as IconSession } from "lucide-react/icons/calendar-clock";

export { default as IconAdd } from "lucide-react/icons/plus";
export { default as IconBack } from "lucide-react/icons/arrow-left";
export { default as IconCheck } from "lucide-react/icons/check";
export { default as IconClose } from "lucide-react/icons/x";
export { default as IconDelete } from "lucide-react/icons/trash-2";
export { default as IconDone } from "lucide-react/icons/circle-check";
export { default as IconDown } from "lucide-react/icons/chevron-down";
export { default as IconEdit } from "lucide-react/icons/pen-line";
export { default as IconForward } from "lucide-react/icons/chevron-right";
export { default as IconHarm } from "lucide-react/icons/circle-alert";
export { default as IconInfo } from "lucide-react/icons/info";
export { default as IconMinus } from "lucide-react/icons/minus";
export { default as IconMore } from "lucide-react/icons/ellipsis";
export { default as IconOffline } from "lucide-react/icons/cloud-off";
export { default as IconPrevious } from "lucide-react/icons/chevron-left";
export { default as IconReply } from "lucide-react/icons/reply";
export { default as IconRetry } from "lucide-react/icons/rotate-cw";
export { default as IconSearch } from "lucide-react/icons/search";
export { default as IconSend } from "lucide-react/icons/send-horizontal";
export { default as IconWarning } from "lucide-react/icons/triangle-alert";
