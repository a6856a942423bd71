/** The case whose conversation is open; "" in a room of no case. */
import { createContext } from "react";

export const CaseOfRoom = createContext("");
