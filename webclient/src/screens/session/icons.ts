/** Icons of a planned session. */
export { default as IconCalendarAdd } from "lucide-react/icons/calendar-plus";
export { default as IconClock } from "lucide-react/icons/clock";
export { default as IconDoor } from "lucide-react/icons/door-open";
export { default as IconLock } from "lucide-react/icons/lock";
export { default as IconMinutes } from "lucide-react/icons/notebook-pen";
