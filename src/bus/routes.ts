import type { RouteDeclaration } from "../core/route.ts";

/** The routes of our own bus, from the path where it is mounted. */
export const BUS_ROUTES: readonly RouteDeclaration[] = [
  {
    method: "POST",
    path: "/events",
    role: "ingest",
    about: "publishes events: an array, one object, or NDJSON",
  },
  {
    method: "GET",
    path: "/events",
    role: "ingest",
    about: "reads events by cursor, and takes none away; ?after=, ?limit= and ?wait=",
  },
  {
    method: "GET",
    path: "/event",
    role: "ingest",
    about: "hands out one event, once; ?wait=",
    // Nobody else gets that event.
    acts: true,
  },
  { method: "POST", path: "/metrics", role: "ingest", about: "publishes metrics" },
  {
    method: "GET",
    path: "/metrics",
    role: "ingest",
    about: "reads metrics by cursor; ?after=, ?limit= and ?wait=",
  },
  { method: "GET", path: "/health", role: "ingest", about: "how full the bus is" },
];
