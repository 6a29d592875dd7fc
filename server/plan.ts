/**
 * What the supervisor does, decided and nothing else: `plan(state, event, now)` is pure, so every
 * crash, hang, reload and stop is a table test without processes. `supervisor.ts` performs the actions.
 *
 * Rule 1: consequences come at once, the process follows. A worker that failed is marked `killed`
 * and its place is vacant from that moment; its end, later, only removes the handle.
 *
 * Rule 2: the first generation must boot, a later one may try. If a worker of the first is lost
 * before all of them are ready, everything stops with an exit code. If one of a rising generation is
 * lost, that generation is killed and the one that serves is not touched.
 *
 * Rule 3: nothing happens by waiting. Deadlines are part of the state; {@linkcode nextDeadline} says
 * when to look again, and an idle supervisor has none.
 *
 * @module
 */
import type { Role } from "./control.ts";
import { EXIT } from "./exit_codes.ts";
import { SAME_KEYPRESS } from "./os_signals.ts";
import type { ListenAddress, Settings } from "./settings.ts";
import { settingsChanges } from "./settings_changes.ts";
import { StepInMaking } from "./step_in_making.ts";
import {
  type Event,
  type Generation,
  isComplete,
  type OsSignal,
  placesOf,
  presentIn,
  type State,
  type Step,
} from "./supervisor_state.ts";
import { stageDeadline, vacancyAfter, type WorkerHandle } from "./worker_handle.ts";

/**
 * The first step: spawn the first generation.
 *
 * @param settings The settings; `workers` at least 1.
 * @param now The supervisor's clock in milliseconds.
 * @returns The first state, and the workers to spawn.
 */
export function begin(settings: Settings, now: number): Step {
  const planner = new Planner({
    phase: "starting",
    since: now,
    current: { number: 1, settings },
    rising: undefined,
    reading: false,
    reloadAgain: false,
    handles: [],
    vacancies: [],
    nextId: 1,
    nextGeneration: 2,
    exitCode: EXIT.ok,
  }, now);
  planner.populate(planner.state.current, "first");
  return planner.step();
}

/**
 * What follows from an event.
 *
 * @param state The state before it; not changed.
 * @param event What happened.
 * @param now The supervisor's clock in milliseconds.
 * @returns The state after it, and what to do.
 */
export function plan(state: State, event: Event, now: number): Step {
  const planner = new Planner(state, now);
  planner.on(event);
  return planner.step();
}

/** Which app kept a worker from becoming ready is known to the worker alone, and that is not heard. */
const SLOW_APP = "; archangel check tells whether an app does not finish loading";
const LEAVING_APP = "; archangel check tells whether an app ends the process while it loads";

/** The decisions, each about one kind of event. */
class Planner extends StepInMaking {
  on(event: Event): void {
    switch (event.type) {
      case "ready":
        return this.#ready(event.id, event.addresses);
      case "bootFailed":
        return this.#failBoot(event.id, event.reason);
      case "ended":
        return this.#ended(event.id, event.how);
      case "settings":
        return this.#settings(event.settings);
      case "settingsRefused":
        return this.#abortReload(event.reason);
      case "signal":
        return this.#signal(event.signal);
      case "tick":
        return this.#tick();
    }
  }

  populate(generation: Generation, role: Role): void {
    for (let worker = 1; worker <= generation.settings.workers; worker++) {
      this.spawn(generation, role, worker, 0);
    }
  }

  #signal(signal: OsSignal): void {
    const stopping = this.state.phase === "stopping";
    if (signal === "QUIT") return this.#stopNow(EXIT.ok);
    if (signal === "INT" && stopping) return this.#secondInterrupt();
    if (stopping) return;
    if (signal === "HUP") return this.#reload();
    if (signal === "TTIN" || signal === "TTOU") return this.#resize(signal);
    this.#stop();
  }

  // Workers

  #ready(id: number, addresses: readonly ListenAddress[]): void {
    const handle = this.find(id);
    if (handle?.stage !== "booting") return;
    this.enter(handle, "serving");
    if (this.state.phase === "starting" && isComplete(this.state, this.state.current)) {
      this.#phase("serving");
      this.do({ type: "announce", settings: this.state.current.settings, addresses });
      this.#reloadIfAsked();
    } else if (this.state.rising !== undefined && isComplete(this.state, this.state.rising)) {
      this.#takeOver(this.state.rising);
    }
  }

  #failBoot(id: number, reason: string): void {
    const handle = this.find(id);
    if (handle?.stage !== "booting") return;
    this.kill(handle);
    this.#lost(handle, reason);
  }

  #ended(id: number, how: string): void {
    const handle = this.find(id);
    if (handle === undefined) return;
    this.state.handles = this.state.handles.filter((other) => other !== handle);
    if (handle.stage === "booting") {
      this.#lost(handle, `worker ${handle.worker} ended before it was ready (${how})${LEAVING_APP}`);
    }
    if (handle.stage === "serving") this.#lost(handle, `worker ${handle.worker} ended (${how})`);
  }

  /** A worker that should be there is not, or never will be. */
  #lost(handle: WorkerHandle, reason: string): void {
    if (handle.generation === this.state.rising?.number) return this.#abortReload(reason);
    if (this.state.phase === "starting") {
      this.say(`Cannot start: ${reason}`, "failed");
      return this.#stopNow(EXIT.boot);
    }
    const vacancy = vacancyAfter(handle, this.now);
    this.state.vacancies = [...this.state.vacancies, vacancy];
    this.say(`${reason}; starting another in ${Math.round(vacancy.at - this.now) / 1000} s`);
  }

  #tick(): void {
    for (const handle of this.state.handles) {
      const deadline = stageDeadline(handle);
      if (deadline === undefined || deadline > this.now) continue;
      if (handle.stage === "booting") {
        this.#failBoot(handle.id, `worker ${handle.worker} was not ready in time (timeouts.boot)${SLOW_APP}`);
      } else {
        this.say(`worker ${handle.worker} did not finish in time (timeouts.drain) and is killed`);
        this.kill(handle);
      }
    }
    const due = this.state.vacancies.filter((vacancy) => vacancy.at <= this.now);
    this.state.vacancies = this.state.vacancies.filter((vacancy) => vacancy.at > this.now);
    for (const { worker, failures } of due) this.spawn(this.state.current, "replacement", worker, failures);
  }

  // Size

  #resize(signal: "TTIN" | "TTOU"): void {
    if (this.state.phase === "starting" || this.state.rising !== undefined) {
      return this.say(`SIG${signal} is ignored until the workers that boot now are ready`);
    }
    const last = Math.max(...placesOf(this.state));
    if (signal === "TTIN" && this.state.current.settings.listen.some(isForOne)) {
      return this.say("SIGTTIN is ignored: a Unix socket without {worker} in its path is for one worker");
    }
    if (signal === "TTIN") this.spawn(this.state.current, "replacement", last + 1, 0);
    else if (last > 1) this.#empty(last);
    this.say(count(Math.max(...placesOf(this.state))));
  }

  #empty(place: number): void {
    this.state.vacancies = this.state.vacancies.filter(({ worker }) => worker !== place);
    for (const handle of presentIn(this.state)) if (handle.worker === place) this.release(handle);
  }

  // Reload

  #reload(): void {
    const { phase, rising, reading } = this.state;
    if (phase === "starting" || reading || rising !== undefined) {
      this.state.reloadAgain = true;
      return this.say("a reload follows when the workers that boot now are ready");
    }
    this.state.reading = true;
    this.do({ type: "reread" });
  }

  #settings(settings: Settings): void {
    this.state.reading = false;
    if (this.state.phase === "stopping") return;
    if (settings.workers === 0) return this.#abortReload("to serve without workers, start anew");
    this.state.rising = { number: this.state.nextGeneration++, settings };
    this.populate(this.state.rising, "rising");
  }

  #abortReload(reason: string): void {
    const failed = this.state.rising?.number;
    this.state.reading = false;
    this.state.rising = undefined;
    if (this.state.phase === "stopping") return;
    for (const handle of this.state.handles) if (handle.generation === failed) this.kill(handle);
    this.say(`Cannot reload, generation ${this.state.current.number} keeps serving: ${reason}`, "failed");
    this.#reloadIfAsked();
  }

  #takeOver(generation: Generation): void {
    const { number, settings } = generation;
    const changes = settingsChanges(this.state.current.settings, settings);
    this.state.current = generation;
    this.state.rising = undefined;
    this.state.vacancies = [];
    this.do({ type: "place" });
    for (const handle of this.state.handles) {
      if (handle.generation !== number) this.release(handle);
    }
    const done = `reloaded: generation ${number} serves with ${count(settings.workers)}`;
    this.say(changes === "" ? done : `${done}; ${changes}`, "done");
    this.#reloadIfAsked();
  }

  #reloadIfAsked(): void {
    if (!this.state.reloadAgain) return;
    this.state.reloadAgain = false;
    this.#reload();
  }

  // Stop

  #stop(): void {
    this.#phase("stopping");
    for (const handle of this.state.handles) this.release(handle);
  }

  #stopNow(code: number): void {
    if (this.state.phase !== "stopping") {
      this.#phase("stopping");
      this.state.exitCode = code;
    }
    for (const handle of this.state.handles) this.kill(handle);
  }

  #secondInterrupt(): void {
    if (this.now - this.state.since >= SAME_KEYPRESS) this.#stopNow(EXIT.ok);
  }

  #phase(phase: State["phase"]): void {
    this.state.phase = phase;
    this.state.since = this.now;
    if (phase !== "stopping") return;
    this.state.rising = undefined;
    this.state.vacancies = [];
  }
}

/** Whether only one worker can have this address. */
function isForOne(address: ListenAddress): boolean {
  return address.transport === "unix" && !address.path.includes("{worker}");
}

function count(workers: number): string {
  return workers === 1 ? "1 worker" : `${workers} workers`;
}
