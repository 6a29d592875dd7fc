/**
 * `archangel serve`: reads the config and hands over to the supervisor, or serves in this process if
 * there are to be no workers.
 *
 * @module
 */
import { banner, migratesRequests, reloadWithout } from "../banner.ts";
import { type CommandLine, configInput } from "../command_line.ts";
import { loadConfig } from "../config.ts";
import { ListenError } from "../errors.ts";
import { EXIT } from "../exit_codes.ts";
import { listenToSignals, SAME_KEYPRESS } from "../os_signals.ts";
import { describeError, say } from "../say.ts";
import type { Service } from "../service.ts";
import type { Settings } from "../settings.ts";
import { stopNotice } from "../stop_notice.ts";
import { surviveStrayErrors } from "../stray_errors.ts";

/**
 * Serves until a signal says stop.
 *
 * @param line The command line.
 * @returns The exit code.
 * @throws {ConfigError} If the config is wrong.
 */
export async function run(line: CommandLine): Promise<number> {
  const input = configInput(line, line.arguments[0]);
  const settings = loadConfig(input);
  if (settings.workers === 0) return await startHere(settings);
  const { runSupervisor } = await import("../supervisor.ts");
  return await runSupervisor({ settings, reread: () => loadConfig(input) });
}

async function startHere(settings: Settings): Promise<number> {
  const { startService } = await import("../service.ts");
  const { ErrorLog } = await import("../error_log.ts");
  surviveStrayErrors(new ErrorLog("archangel"));
  let service: Service;
  try {
    service = await startService(settings);
  } catch (error) {
    // It says by itself what could not be done.
    if (error instanceof ListenError) throw error;
    say("archangel", `Cannot start: ${describeError(error)}`);
    return EXIT.boot;
  }
  return await serveHere(settings, service);
}

async function serveHere(settings: Settings, service: Service): Promise<number> {
  const done = Promise.withResolvers<number>();
  const notice = stopNotice(() => settings.timeouts.drain);
  let interrupted: number | undefined;
  using _signals = listenToSignals((signal) => {
    notice(signal);
    if (signal === "HUP") return say("archangel", `a reload ${reloadWithout(settings)}`);
    const again = interrupted !== undefined && performance.now() - interrupted >= SAME_KEYPRESS;
    if (signal === "QUIT" || (signal === "INT" && again)) {
      // The access log is still to be written.
      service.stop().then(() => done.resolve(EXIT.ok), done.reject);
    } else if (signal === "TERM" || signal === "INT") {
      interrupted ??= performance.now();
      service.drain(true).then(() => done.resolve(EXIT.ok), done.reject);
    }
  });
  say("archangel", banner(settings, service.addresses, migratesRequests()));
  return await done.promise;
}
