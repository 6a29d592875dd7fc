/**
 * The supervisor's decisions as tables: each row is a time in milliseconds, what happens then, and all
 * that the supervisor does about it. Events and actions name a process by its id, messages name its
 * place: `spawn 5 as 2.3` starts process 5 as worker 3 of generation 2.
 */
import { assertEquals } from "@std/assert";
import { begin, plan } from "../../server/plan.ts";
import {
  type Action,
  type Event,
  nextDeadline,
  type OsSignal,
  type State,
  type Step,
} from "../../server/supervisor_state.ts";
import { DEFAULT_TIMEOUTS } from "../../server/limits.ts";
import { settingsFor } from "../support/settings.ts";

const SLOW_APP = "; archangel check tells whether an app does not finish loading";
const LEAVING_APP = "; archangel check tells whether an app ends the process while it loads";

type Row = readonly [at: number, happens: Event, does: readonly string[]];

const timeouts = { ...DEFAULT_TIMEOUTS, boot: 5_000, drain: 10_000 };

function settings(workers: number) {
  return settingsFor({ workers, timeouts });
}

function show(action: Action): string {
  switch (action.type) {
    case "spawn":
      return `spawn ${action.id} as ${action.assignment.generation}.${action.assignment.worker}`;
    case "drain":
    case "kill":
      return `${action.type} ${action.id}`;
    case "say":
      return `say ${action.text}`;
    case "exit":
      return `exit ${action.code}`;
    default:
      return action.type;
  }
}

function spawns(first: number, last: number, generation: number): string[] {
  const places = Array.from({ length: last - first + 1 }, (_, at) => at);
  return places.map((place) => `spawn ${first + place} as ${generation}.${place + 1}`);
}

/** Plays the rows after the start of so many workers, and returns the last state. */
function play(workers: number, rows: readonly Row[], first: Step = begin(settings(workers), 0)): State {
  assertEquals(first.actions.map(show), spawns(1, workers, 1));
  let state = first.state;
  for (const [at, event, does] of rows) {
    const before = structuredClone(state);
    const step = plan(state, event, at);
    assertEquals(state, before, "plan() changed the state it was given");
    assertEquals(step.actions.map(show), does, `after ${JSON.stringify(event)} at ${at}`);
    state = step.state;
  }
  return state;
}

const ready = (id: number): Event => ({ type: "ready", id, addresses: [] });
const ended = (id: number, how = "exit code 1"): Event => ({ type: "ended", id, how });
const failed = (id: number, reason = "no such app"): Event => ({ type: "bootFailed", id, reason });
const signal = (name: OsSignal): Event => ({ type: "signal", signal: name });
const reread = (workers: number): Event => ({ type: "settings", settings: settings(workers) });
const tick: Event = { type: "tick" };

/** Two workers of the first generation serve from time 0 on. */
const serving: Row[] = [[0, ready(1), []], [0, ready(2), ["announce"]]];
/** A reload from two workers to three, as far as the third is still booting. */
const rising: Row[] = [
  ...serving,
  [10, signal("HUP"), ["reread"]],
  [20, reread(3), spawns(3, 5, 2)],
  [30, ready(3), []],
  [30, ready(4), []],
];

Deno.test("plan() announces once, when the last worker of the first generation is ready", () => {
  const state = play(2, [...serving, [5, ready(2), []]]);
  assertEquals(state.phase, "serving");
  assertEquals(nextDeadline(state), undefined, "an idle supervisor waits for nothing");
});

Deno.test("plan() gives up the first start with the first reason, once, and exits when all have ended", () => {
  play(3, [
    [10, ready(1), []],
    [20, failed(2), ["kill 2", "say Cannot start: no such app", "kill 1", "kill 3"]],
    [21, failed(3), []],
    [22, ended(3), []],
    [23, ended(1, "SIGKILL"), []],
    [24, ended(2), ["exit 3"]],
  ]);
});

Deno.test("plan() gives up the first start when a worker ends before all are ready", () => {
  play(2, [
    [1, ended(1), [
      "say Cannot start: worker 1 ended before it was ready (exit code 1)" + LEAVING_APP,
      "kill 2",
    ]],
    [2, ended(2, "SIGKILL"), ["exit 3"]],
  ]);
  play(2, [
    [1, ready(1), []],
    [2, ended(1), ["say Cannot start: worker 1 ended (exit code 1)", "kill 2"]],
    [3, ended(2, "SIGKILL"), ["exit 3"]],
  ]);
});

Deno.test("plan() gives up the first start when a worker is not ready in time", () => {
  const { state } = begin(settings(1), 0);
  assertEquals(nextDeadline(state), 5_000);
  play(1, [
    [4_999, tick, []],
    [5_000, tick, ["kill 1", "say Cannot start: worker 1 was not ready in time (timeouts.boot)" + SLOW_APP]],
    [5_010, ended(1, "SIGKILL"), ["exit 3"]],
  ]);
});

Deno.test("plan() replaces a worker that ends, after a tenth of a second", () => {
  const state = play(2, [
    ...serving,
    [60_000, ended(1, "SIGKILL"), ["say worker 1 ended (SIGKILL); starting another in 0.1 s"]],
    [60_099, tick, []],
    [60_100, tick, ["spawn 3 as 1.1"]],
    [60_200, ready(3), []],
  ]);
  assertEquals(nextDeadline(state), undefined);
});

Deno.test("plan() doubles the wait of a crash loop up to 30 s, and forgets it after 30 s of service", () => {
  let now = 0;
  let id = 2;
  const delays: number[] = [];
  let state = play(2, serving);
  const crash = () => {
    state = plan(state, ended(id), now).state;
    delays.push(nextDeadline(state)! - now);
    now = nextDeadline(state)!;
    const step = plan(state, tick, now);
    id = step.state.nextId - 1;
    state = plan(step.state, ready(id), now).state;
  };
  for (let times = 0; times < 11; times++) crash();
  assertEquals(delays, [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
  now += 29_999;
  crash();
  now += 30_000;
  crash();
  assertEquals(delays.slice(-2), [30_000, 100]);
});

Deno.test("plan() says a delay in whole milliseconds, whatever fraction the clock shows", () => {
  play(1, [
    [0, ready(1), ["announce"]],
    [28.002, ended(1, "SIGKILL"), ["say worker 1 ended (SIGKILL); starting another in 0.1 s"]],
  ]);
});

Deno.test("plan() backs off from a replacement that cannot boot, and leaves the others alone", () => {
  play(2, [
    ...serving,
    [0, ended(1), ["say worker 1 ended (exit code 1); starting another in 0.1 s"]],
    [100, tick, ["spawn 3 as 1.1"]],
    [150, failed(3), ["kill 3", "say no such app; starting another in 0.2 s"]],
    [160, ended(3), []],
    [350, tick, ["spawn 4 as 1.1"]],
    [5_350, tick, [
      "kill 4",
      `say worker 1 was not ready in time (timeouts.boot)${SLOW_APP}; starting another in 0.4 s`,
    ]],
  ]);
});

Deno.test("plan() drains on TERM and exits with 0 when all have ended", () => {
  for (const name of ["TERM", "INT"] as const) {
    play(2, [
      ...serving,
      [10, signal(name), ["drain 1", "drain 2"]],
      [20, ended(1, "exit code 0"), []],
      [30, ended(2, "exit code 0"), ["exit 0"]],
    ]);
  }
});

Deno.test("plan() kills what does not drain in time, one second after the worker should have cut it", () => {
  play(2, [
    ...serving,
    [100, signal("TERM"), ["drain 1", "drain 2"]],
    [110, ended(1, "exit code 0"), []],
    [11_099, tick, []],
    [11_100, tick, ["say worker 2 did not finish in time (timeouts.drain) and is killed", "kill 2"]],
    [11_110, ended(2, "SIGKILL"), ["exit 0"]],
  ]);
});

Deno.test("plan() stops now on a second INT, but takes a doubled Ctrl-C for one", () => {
  play(2, [
    ...serving,
    [100, signal("INT"), ["drain 1", "drain 2"]],
    [101, signal("INT"), []],
    [400, signal("INT"), ["kill 1", "kill 2"]],
    [500, signal("INT"), []],
    [510, ended(1, "SIGKILL"), []],
    [511, ended(2, "SIGKILL"), ["exit 0"]],
  ]);
});

Deno.test("plan() stops now on QUIT, also while draining, and takes a second TERM for the first", () => {
  play(2, [...serving, [100, signal("QUIT"), ["kill 1", "kill 2"]]]);
  play(2, [
    ...serving,
    [100, signal("TERM"), ["drain 1", "drain 2"]],
    [900, signal("TERM"), []],
    [901, signal("HUP"), []],
    [902, signal("TTIN"), []],
    [903, signal("QUIT"), ["kill 1", "kill 2"]],
  ]);
});

Deno.test("plan() ends workers that still boot at once when asked to stop", () => {
  play(2, [
    [1, ready(1), []],
    [2, signal("TERM"), ["drain 1", "kill 2"]],
    [3, ready(2), []],
    [4, ended(2, "SIGKILL"), []],
    [5, ended(1, "exit code 0"), ["exit 0"]],
  ]);
});

Deno.test("plan() starts no more replacements once it was asked to stop", () => {
  play(2, [
    ...serving,
    [10, ended(1), ["say worker 1 ended (exit code 1); starting another in 0.1 s"]],
    [20, signal("TERM"), ["drain 2"]],
    [110, tick, []],
    [120, ended(2, "exit code 0"), ["exit 0"]],
  ]);
});

Deno.test("plan() reloads: reads, boots a generation, waits for all of it, drains the old one", () => {
  const state = play(2, [
    ...rising,
    [40, ready(5), ["place", "drain 1", "drain 2", "say reloaded: generation 2 serves with 3 workers"]],
    [50, ended(1, "exit code 0"), []],
    [50, ended(2, "exit code 0"), []],
  ]);
  assertEquals(state.handles.map(({ id, stage }) => `${id} ${stage}`), [
    "3 serving",
    "4 serving",
    "5 serving",
  ]);
  assertEquals(nextDeadline(state), undefined);
});

Deno.test("plan() says what a reload changed", () => {
  const strict = settingsFor({ workers: 2, timeouts, strictHosts: true });
  play(2, [
    ...serving,
    [10, signal("HUP"), ["reread"]],
    [20, { type: "settings", settings: strict }, spawns(3, 4, 2)],
    [30, ready(3), []],
    [
      30,
      ready(4),
      [
        "place",
        "drain 1",
        "drain 2",
        "say reloaded: generation 2 serves with 2 workers; changed strict_hosts",
      ],
    ],
  ]);
});

Deno.test("plan() keeps the old generation when the config is wrong", () => {
  const state = play(2, [
    ...serving,
    [10, signal("HUP"), ["reread"]],
    [20, { type: "settingsRefused", reason: "unknown key" }, [
      "say Cannot reload, generation 1 keeps serving: unknown key",
    ]],
    [30, signal("HUP"), ["reread"]],
  ]);
  assertEquals(state.current.number, 1);
});

Deno.test("plan() keeps the old generation when the new one would have no workers", () => {
  const state = play(2, [
    ...serving,
    [10, signal("HUP"), ["reread"]],
    [20, reread(0), [
      "say Cannot reload, generation 1 keeps serving: to serve without workers, start anew",
    ]],
    [30, signal("HUP"), ["reread"]],
  ]);
  assertEquals(state.current.number, 1);
});

Deno.test("plan() keeps the old generation when a worker of the new one is lost, however", () => {
  const losses: [number, Event, string, string[]][] = [
    [40, failed(5), "no such app", ["kill 5", "kill 3", "kill 4"]],
    [40, ended(5), "worker 3 ended before it was ready (exit code 1)" + LEAVING_APP, ["kill 3", "kill 4"]],
    [40, ended(3, "SIGKILL"), "worker 1 ended (SIGKILL)", ["kill 4", "kill 5"]],
    [5_020, tick, "worker 3 was not ready in time (timeouts.boot)" + SLOW_APP, [
      "kill 5",
      "kill 3",
      "kill 4",
    ]],
  ];
  for (const [at, loss, reason, kills] of losses) {
    const before = play(2, rising);
    const { state, actions } = plan(before, loss, at);
    assertEquals(actions.map(show), [...kills, `say Cannot reload, generation 1 keeps serving: ${reason}`]);
    assertEquals(state.current.number, 1);
    assertEquals(plan(state, ended(4, "SIGKILL"), at + 1).actions, []);
  }
});

Deno.test("plan() replaces a worker of the old generation while the new one boots", () => {
  play(2, [
    ...rising,
    [40, ended(2), ["say worker 2 ended (exit code 1); starting another in 0.1 s"]],
    [140, tick, ["spawn 6 as 1.2"]],
    [150, ready(5), ["place", "drain 1", "kill 6", "say reloaded: generation 2 serves with 3 workers"]],
  ]);
});

Deno.test("plan() makes one more reload of all that were asked for during one", () => {
  const wait = "say a reload follows when the workers that boot now are ready";
  play(2, [
    ...rising,
    [31, signal("HUP"), [wait]],
    [32, signal("HUP"), [wait]],
    [40, ready(5), [
      "place",
      "drain 1",
      "drain 2",
      "say reloaded: generation 2 serves with 3 workers",
      "reread",
    ]],
    [50, reread(1), ["spawn 6 as 3.1"]],
    [60, ready(6), [
      "place",
      "drain 3",
      "drain 4",
      "drain 5",
      "say reloaded: generation 3 serves with 1 worker",
    ]],
  ]);
});

Deno.test("plan() reloads after the start when that was asked for before", () => {
  play(1, [
    [1, signal("HUP"), ["say a reload follows when the workers that boot now are ready"]],
    [2, ready(1), ["announce", "reread"]],
  ]);
});

Deno.test("plan() tells workers of an old generation, which still finish, that a stop has come", () => {
  play(2, [
    ...rising,
    [40, ready(5), ["place", "drain 1", "drain 2", "say reloaded: generation 2 serves with 3 workers"]],
    [50, signal("TERM"), ["drain 1", "drain 2", "drain 3", "drain 4", "drain 5"]],
    [51, signal("TERM"), []],
  ]);
});

Deno.test("plan() gives up a reload when asked to stop", () => {
  play(2, [...rising, [40, signal("TERM"), ["drain 1", "drain 2", "drain 3", "drain 4", "kill 5"]]]);
  play(2, [
    ...serving,
    [10, signal("HUP"), ["reread"]],
    [11, signal("TERM"), ["drain 1", "drain 2"]],
    [12, reread(2), []],
    [13, { type: "settingsRefused", reason: "late" }, []],
  ]);
});

Deno.test("plan() adds a worker on TTIN and drains one on TTOU, but keeps one", () => {
  play(2, [
    ...serving,
    [10, signal("TTIN"), ["spawn 3 as 1.3", "say 3 workers"]],
    [20, ready(3), []],
    [30, signal("TTOU"), ["drain 3", "say 2 workers"]],
    [40, signal("TTIN"), ["spawn 4 as 1.3", "say 3 workers"]],
    [50, signal("TTOU"), ["kill 4", "say 2 workers"]],
    [60, signal("TTOU"), ["drain 2", "say 1 worker"]],
    [70, signal("TTOU"), ["say 1 worker"]],
  ]);
});

Deno.test("plan() lets TTOU take a place that waits for its replacement", () => {
  const state = play(2, [
    ...serving,
    [10, ended(2), ["say worker 2 ended (exit code 1); starting another in 0.1 s"]],
    [20, signal("TTOU"), ["say 1 worker"]],
    [110, tick, []],
  ]);
  assertEquals(state.handles.map(({ id }) => id), [1]);
});

Deno.test("plan() says what a worker is started for", () => {
  const roles = ({ actions }: Step) =>
    actions.flatMap((action) => action.type === "spawn" ? action.assignment.role : []);
  assertEquals(roles(begin(settings(2), 0)), ["first", "first"]);
  const crashed = play(1, [[0, ready(1), ["announce"]], [1, ended(1), [
    "say worker 1 ended (exit code 1); starting another in 0.1 s",
  ]]]);
  assertEquals(roles(plan(crashed, tick, 101)), ["replacement"]);
  const reading = play(1, [[0, ready(1), ["announce"]], [1, signal("HUP"), ["reread"]]]);
  assertEquals(roles(plan(reading, reread(2), 2)), ["rising", "rising"]);
  assertEquals(roles(plan(reading, signal("TTIN"), 2)), ["replacement"]);
});

Deno.test("plan() adds no worker where a Unix socket is for one", () => {
  const socket = { protocol: "fcgi", transport: "unix", mode: 0o660, group: undefined } as const;
  const withSocket = (path: string) => begin({ ...settings(1), listen: [{ ...socket, path }] }, 0);
  const alone = "say SIGTTIN is ignored: a Unix socket without {worker} in its path is for one worker";
  play(1, [[0, ready(1), ["announce"]], [1, signal("TTIN"), [alone]]], withSocket("/run/a.sock"));
  const more = ["spawn 2 as 1.2", "say 2 workers"];
  play(1, [[0, ready(1), ["announce"]], [1, signal("TTIN"), more]], withSocket("/run/{worker}.sock"));
});

Deno.test("plan() ignores TTIN and TTOU while a generation boots", () => {
  const ignored = "is ignored until the workers that boot now are ready";
  play(2, [[1, signal("TTIN"), [`say SIGTTIN ${ignored}`]]]);
  play(2, [...rising, [40, signal("TTOU"), [`say SIGTTOU ${ignored}`]]]);
});

Deno.test("plan() ignores news of workers that it does not know", () => {
  play(2, [...serving, [10, ready(9), []], [10, failed(9), []], [10, ended(9), []]]);
});

Deno.test("plan() does not replace a worker of the old generation once the new one serves", () => {
  const state = play(2, [
    ...rising,
    [40, ended(2), ["say worker 2 ended (exit code 1); starting another in 0.1 s"]],
    [50, ready(5), ["place", "drain 1", "say reloaded: generation 2 serves with 3 workers"]],
    [60, ended(1, "exit code 0"), []],
    [140, tick, []],
  ]);
  assertEquals(state.handles.map(({ id }) => id), [3, 4, 5]);
  assertEquals(nextDeadline(state), undefined);
});
